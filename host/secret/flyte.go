package secret

// FlyteOptions say where Flyte looks for secrets. The zero value of a text is
// that of Flyte's variable, and where this is not set either, Flyte's default.
type FlyteOptions struct {
	// Env is the environment, of the secrets and of Flyte's variables. Nil is
	// an empty one.
	Env Getenv
	// EnvPrefix begins the names of the secrets' variables:
	// FLYTE_SECRETS_ENV_PREFIX, else _FSEC_. Flyte 2 sets it to _UNION_.
	EnvPrefix string
	// Dir is the folder of the secrets' files: FLYTE_SECRETS_DEFAULT_DIR, else
	// /etc/secrets.
	Dir string
	// FilePrefix begins the names of the files: FLYTE_SECRETS_FILE_PREFIX, else
	// nothing.
	FilePrefix string
	// Local also tries the variable without the prefix, as flytekit does in
	// local executions. It lets a reference name any variable of the process,
	// so it is for the owner of the process alone.
	Local bool
}

// Flyte returns a Provider that finds secrets where flytekit does, and in its
// order: the variable EnvPrefix[GROUP_][VERSION_]KEY, with Local the same
// without the prefix, and the file Dir/[group/][version/]FilePrefixkey. The
// first that is there wins, also when it is empty, and white space around it is
// dropped as Python's str.strip does.
//
// Unlike flytekit it honours Version and Mount where the task names them, and
// never leaves Dir. Source: SecretsManager in flytekit's context_manager.py.
func Flyte(o FlyteOptions) Provider {
	option := func(given, name, standard string) string {
		if given == "" && o.Env != nil {
			given, _ = o.Env(name)
		}
		if given == "" {
			given = standard
		}
		return strip(given)
	}
	prefixes := []string{option(o.EnvPrefix, "FLYTE_SECRETS_ENV_PREFIX", "_FSEC_")}
	if o.Local && prefixes[0] != "" {
		prefixes = append(prefixes, "")
	}
	return Chain(
		environment{o.Env, prefixes},
		Files(option(o.Dir, "FLYTE_SECRETS_DEFAULT_DIR", "/etc/secrets"), option(o.FilePrefix, "FLYTE_SECRETS_FILE_PREFIX", "")),
	)
}
