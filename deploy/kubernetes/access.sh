#!/bin/sh
# Who may do what in a namespace: its passwords, its Secrets, and one command as its operator.
#
#   sh deploy/kubernetes/access.sh NAMESPACE secrets                      makes all passwords, and the Secrets from them
#   sh deploy/kubernetes/access.sh NAMESPACE operator redis-0 ACL WHOAMI  as operator.sh
#   sh deploy/kubernetes/access.sh NAMESPACE rotate begin app             as rotate.sh: begin, and two minutes later finish
#
# Passwords are in ./redis-secrets-NAMESPACE (REDIS_SECRETS), as deploy/redis/secrets.sh says; keep it secret, and a copy of
# its folder users. Pods of one kind share one Secret, which has what each of them needs:
#
#   redis-ha-redis, redis-ha-sentinel     the servers      redis-ha-app      applications
#   redis-ha-exporter, redis-ha-backup    the exporters, and what takes backups
#
# Run again, `secrets` keeps the passwords and brings the Secrets up to date.
set -u
here=$(cd "$(dirname "$0")" && pwd)
REDIS_DIR=$here/../redis
NAMESPACE=${1:-} TASK=${2:-}
export REDIS_SECRETS="${REDIS_SECRETS:-./redis-secrets-$NAMESPACE}" REDIS_ENV_FILE=''
export SECRET_NODES='redis-0 redis-1 redis-2' SECRET_SENTINELS='sentinel-0 sentinel-1 sentinel-2'
export REACH="/bin/sh $here/access.sh $NAMESPACE exec" DELIVER="/bin/sh $here/access.sh $NAMESPACE deliver"
WITHIN_SECONDS=${WITHIN_SECONDS:-180}

say() { printf '%s\n' "$*"; }
die() {
  printf 'access.sh: %s\n' "$*" >&2
  exit 1
}

# put_secret NAME FOLDER. By the server, so that no copy of it stands in an annotation.
put_secret() {
  kubectl create secret generic "redis-ha-$1" --from-file="$REDIS_SECRETS/$2" -n "$NAMESPACE" --dry-run=client -o yaml |
    kubectl apply --server-side --force-conflicts -n "$NAMESPACE" -f - ||
    die "the Secret redis-ha-$1 was not written; kubectl says why above. Run this again"
}

put_secrets() {
  put_secret redis redis-0
  put_secret sentinel sentinel-0
  for service in app exporter backup; do put_secret "$service" "$service"; done
}

# Kubernetes brings changed files into a pod within a minute or two.
await_files() {
  for pod in $SECRET_NODES $SECRET_SENTINELS; do
    waited=0
    until in_pod "$pod" cat /run/secrets/redis/users.acl </dev/null | cmp -s - "$REDIS_SECRETS/$pod/users.acl"; do
      [ "$waited" -lt "$WITHIN_SECONDS" ] || die "$pod has not got its files within $WITHIN_SECONDS s. Is it running? kubectl get pod $pod -n $NAMESPACE"
      [ "$waited" -gt 0 ] || say "waits until Kubernetes has brought the files to $pod: up to two minutes"
      sleep 5
      waited=$((waited + 5))
    done
  done
}

need_secrets() {
  [ -r "$REDIS_SECRETS/users/operator.redis" ] || die "there is no $REDIS_SECRETS/users that you can read: run access.sh $NAMESPACE secrets first, or set REDIS_SECRETS"
}

in_pod() {
  pod=$1
  shift
  kubectl exec -i "$pod" -n "$NAMESPACE" -- "$@"
}

case $NAMESPACE in
  '' | *[!a-z0-9-]* | secrets | operator | rotate) die 'say the namespace first: access.sh redis-ha-dev secrets' ;;
esac
command -v kubectl >/dev/null 2>&1 || die 'kubectl is not here. Install it'
[ $# -lt 2 ] || shift 2
case $TASK in
  secrets)
    kubectl get namespace "$NAMESPACE" >/dev/null || die "there is no namespace $NAMESPACE, or no cluster answers; kubectl says why above. Make it with kubectl apply -f deploy/kubernetes/overlays/<which>/namespace.yaml"
    /bin/sh "$REDIS_DIR/make-secrets.sh" || exit 1
    put_secrets
    ;;
  operator)
    need_secrets
    exec /bin/sh "$REDIS_DIR/operator.sh" "$@"
    ;;
  rotate)
    case ${1:-} in
      begin | finish)
        need_secrets
        exec /bin/sh "$REDIS_DIR/rotate.sh" "$@"
        ;;
      *) die 'say begin or finish, and a user or all. Two minutes lie between them: so long Kubernetes may take to bring the new password to the applications' ;;
    esac
    ;;
  exec) in_pod "$@" ;;
  deliver)
    put_secrets
    await_files
    ;;
  *) die 'say what: secrets, operator or rotate' ;;
esac
