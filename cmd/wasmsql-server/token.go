package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/server"
)

// tokenCommand is wasmsql token.
func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "make, list and revoke the tokens of a tenant of wasmsql serve",
		Long: `Make, list and revoke the tokens of a tenant of wasmsql serve.

A tenant's folder keeps the hashes of its tokens, in tokens.yaml. A running
server sees a change within seconds.`,
		Args: cobra.ArbitraryArgs,
		RunE: command.OneOf,
	}
	cmd.AddCommand(a.tokenCreate(), a.tokenList(), a.tokenRevoke())
	return cmd
}

// tenantDir returns the folder of a tenant.
func tenantDir(tenants, name string) (string, error) {
	if tenants == "" {
		return "", fault.Usage("--tenants is missing", "it is the folder with a folder for each tenant")
	}
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", fault.Usage(fmt.Sprintf("%s is not the name of a tenant", strconv.Quote(name)), "it is the name of a folder in --tenants")
	}
	if !manifest.IsTenant(name) {
		return "", fault.Usage(fmt.Sprintf("%s cannot be the name of a tenant", strconv.Quote(name)), manifest.TenantHint)
	}
	dir := filepath.Join(tenants, name)
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return "", fault.Config(fmt.Sprintf("there is no tenant %s", strconv.Quote(name)), "make its folder first: mkdir -p "+dir)
	}
	return dir, nil
}

func (a *app) tokenCreate() *cobra.Command {
	var tenants, role, note, expires string
	cmd := &cobra.Command{
		Use:                   "create [flags] --tenants DIR TENANT --role run|read|operate",
		DisableFlagsInUseLine: true,
		Short:                 "make a token, which is printed once",
		Long: `Make a token of a tenant. Its text is printed, and kept nowhere.

  read      sees tasks, executions and their results
  run       may also run tasks, and cancel what it began itself
  operate   may also cancel any execution of the tenant and read the audit`,
		Example: `  wasmsql token create --tenants tenants acme --role run --note nightly`,
		Args:    command.Exactly("TENANT"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := tenantDir(tenants, args[0])
			if err != nil {
				return err
			}
			if role == "" {
				return fault.Usage("--role is missing", "accepted are read, run and operate")
			}
			r, err := server.ParseRole(role)
			if err != nil {
				return fault.Usage("--role: "+err.Error(), "")
			}
			age, err := ageOf(expires)
			if err != nil {
				return err
			}
			text, t, err := server.NewTokenFor(dir, r, note, age)
			if err != nil {
				return fault.Config(err.Error(), "")
			}
			fmt.Fprintf(a.stderr, "wasmsql: token %s of tenant %q with the role %s; it is not shown again\n", t.ID, args[0], t.Role)
			_, err = fmt.Fprintln(a.stdout, text)
			return err
		},
	}
	cmd.Flags().StringVar(&tenants, "tenants", "", "the folder `DIR` has a folder for each tenant")
	cmd.Flags().StringVar(&role, "role", "", "what its bearer may do: `ROLE` is read, run or operate")
	cmd.Flags().StringVar(&expires, "expires", "", "how long it is accepted: `TIME` as 90d or 12h; default: until it is revoked")
	cmd.Flags().StringVar(&note, "note", "", "`TEXT` says what it is for")
	return cmd
}

// ageOf reads how long a token is accepted: 0 is forever.
func ageOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	v, err := manifest.ParseText(abi.Type{Kind: abi.Timedelta}, text)
	if err != nil || v.Int <= 0 || v.Int > math.MaxInt64/1000 {
		return 0, fault.Usage(fmt.Sprintf("--expires: %s is not a time in which a token could be used", strconv.Quote(text)), "write it as 90d or 12h")
	}
	return time.Duration(v.Int) * time.Microsecond, nil
}

func (a *app) tokenList() *cobra.Command {
	var tenants string
	cmd := &cobra.Command{
		Use:                   "list --tenants DIR TENANT",
		DisableFlagsInUseLine: true,
		Short:                 "list the tokens of a tenant",
		Args:                  command.Exactly("TENANT"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := tenantDir(tenants, args[0])
			if err != nil {
				return err
			}
			all, err := server.Tokens(dir)
			if err != nil {
				return fault.Config(err.Error(), "")
			}
			var b strings.Builder
			w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tROLE\tCREATED\tEXPIRES\tNOTE")
			for _, t := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.ID, t.Role, t.Created.Format(time.RFC3339), expiry(t), fault.Printable(t.Note))
			}
			_ = w.Flush()
			_, err = fmt.Fprint(a.stdout, b.String())
			return err
		},
	}
	cmd.Flags().StringVar(&tenants, "tenants", "", "the folder `DIR` has a folder for each tenant")
	return cmd
}

// expiry says until when a token is accepted.
func expiry(t server.Token) string {
	switch {
	case t.Expires.IsZero():
		return "never"
	case t.Expired(time.Now()):
		return "expired"
	}
	return t.Expires.Format(time.RFC3339)
}

func (a *app) tokenRevoke() *cobra.Command {
	var tenants string
	cmd := &cobra.Command{
		Use:                   "revoke --tenants DIR TENANT ID",
		DisableFlagsInUseLine: true,
		Short:                 "revoke a token",
		Args:                  command.Exactly("TENANT", "ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := tenantDir(tenants, args[0])
			if err != nil {
				return err
			}
			if err := server.RevokeToken(dir, args[1]); err != nil {
				return fault.Config(err.Error(), "see wasmsql token list")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&tenants, "tenants", "", "the folder `DIR` has a folder for each tenant")
	return cmd
}
