#!/bin/sh
# image.sh ROOT makes the root folder of the image in ROOT, which must not be
# there. It is run at the top of the repository, by the Dockerfile beside it and
# by TestImage of cmd/wasmsql-flyte.
set -eu
root=$1
mkdir "$root"
mkdir -p "$root/usr/local/bin" "$root/etc/ssl/certs" "$root/var/cache" "$root/tmp"
chmod 1777 "$root/tmp"

CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$root/usr/local/bin/" ./cmd/wasmsql-flyte
ln -s wasmsql-flyte "$root/usr/local/bin/pyflyte-execute"
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
go run ./cmd/wasmsql flyte register-template "$work/task.yaml" -f "$work/task.pb"
: >"$work/inputs.pb"
for _ in 1 2; do
	WASMSQL_CACHE="$root/var/cache/wasmsql" FLYTE_FAIL_ON_ERROR=true "$root/usr/local/bin/pyflyte-execute" \
		--inputs "$work/inputs.pb" --output-prefix "$work/out" --raw-output-data-prefix "$work/raw" \
		--resolver flytekit.core.python_customized_container_task.default_task_template_resolver -- \
		"$work/task.pb" flytekitplugins.sqlalchemy.task.SQLAlchemyTaskExecutor
done
