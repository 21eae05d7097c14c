#!/bin/sh
# image.sh ROOT [server] makes the root folder of an image in ROOT, which must
# not be there: that of executions of Flyte, or that of wasmsql serve. It is run
# at the top of the repository, by the Dockerfile beside it and by the tests of
# cmd/wasmsql-flyte and cmd/wasmsql-server.
set -eu
root=$1
kind=${2-flyte}
mkdir "$root"
mkdir -p "$root/usr/local/bin" "$root/etc/ssl/certs" "$root/var/cache" "$root/tmp"
chmod 1777 "$root/tmp"

CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$root/usr/local/bin/" "./cmd/wasmsql-$kind"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

# The template module is interpreted by the first execution that finds no
# compiled code, and compiled by the second. So two of them leave it in the
# image, where every container finds it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/task.yaml" <<'TASK'
name: first
query: SELECT 1 AS one
connection: {uri: "sqlite://"}
flyte: {image: none}
TASK
export WASMSQL_CACHE="$root/var/cache/wasmsql"

if [ "$kind" = server ]; then
	# Its user writes here, and may not read what is another's.
	mkdir -p "$root/var/lib/wasmsql" "$root/etc/wasmsql/tenants"
	ln -s wasmsql-server "$root/usr/local/bin/wasmsql"
	for _ in 1 2; do
		go run ./cmd/wasmsql run "$work/task.yaml" >"$work/rows"
	done
	exit
fi

ln -s wasmsql-flyte "$root/usr/local/bin/pyflyte-execute"
WASMSQL_CACHE='' go run ./cmd/wasmsql flyte register-template "$work/task.yaml" -f "$work/task.pb"
: >"$work/inputs.pb"
for _ in 1 2; do
	FLYTE_FAIL_ON_ERROR=true "$root/usr/local/bin/pyflyte-execute" \
		--inputs "$work/inputs.pb" --output-prefix "$work/out" --raw-output-data-prefix "$work/raw" \
		--resolver flytekit.core.python_customized_container_task.default_task_template_resolver -- \
		"$work/task.pb" flytekitplugins.sqlalchemy.task.SQLAlchemyTaskExecutor
done
