fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}

say() { printf '%s\n' "$1"; }

case $CLUSTER_NAME in
  '' | *[!A-Za-z0-9_-]*) fail 'set CLUSTER_NAME to the name of the EKS cluster' ;;
esac

mode() {
  aws eks describe-cluster --name "$CLUSTER_NAME" \
    --query cluster.accessConfig.authenticationMode --output text
}

# Runs an `aws eks` command for the cluster with JSON as its input.
eks() {
  command=$1
  input=$2
  shift 2
  aws eks "$command" --cluster-name "$CLUSTER_NAME" --cli-input-json "$input" "$@"
}

# Sets `answer` to the cluster's answers to a list of yes-or-no questions, or to `absent`.
ask() {
  if answer=$(eks "$1" "$2" --output text --query "$3" 2>"$errors"); then
    return 0
  fi
  grep -q ResourceNotFoundException "$errors" || fail "$(cat "$errors")"
  answer=absent
}

# Counts what somebody else made or changed since the plan; nothing more is done for that principal.
leave() {
  left=$((left + 1))
  ours=left
  say "left alone, $2: $1"
}

# KEY COMMAND INPUT: changes something; what EKS refuses for this principal alone is counted, and the next one follows.
change() {
  if eks "$2" "$3" >/dev/null 2>"$errors"; then
    return 0
  fi
  grep -Eq 'InvalidParameterException|InvalidRequestException|ResourceInUseException|ResourceNotFoundException|ResourceLimitExceededException' "$errors" ||
    fail "$(cat "$errors")"
  refused=$((refused + 1))
  ours=left
  say "REFUSED, $2: $1: $(tr '\n' ' ' <"$errors")"
  # An entry without its policy would hide the mapping in aws-auth, which has to count again.
  if [ "$made" = yes ]; then
    eks delete-access-entry "$1" >/dev/null
    made=no
    say "deleted again: $1"
  fi
  return 1
}

# KEY FIELDS WANTED PLANNED: an entry that the plan changes, and that is still what the plan saw or wants.
known_entry() {
  made=no
  ask describe-access-entry "$1" "[accessEntry.$2 == $tick$3$tick || accessEntry.$2 == $tick$4$tick]"
  case $answer in
    True) ours=yes ;;
    *) leave "$1" 'somebody else changed it' ;;
  esac
}

# KEY FIELDS PLANNED: removes the entry that the plan saw, and none that this script made since.
delete_entry() {
  ask describe-access-entry "$1" \
    "[accessEntry.tags.\"$RUN_TAG\" != $tick\"$RUN\"$tick && accessEntry.$2 == $tick$3$tick]"
  if [ "$answer" = True ]; then
    change "$1" delete-access-entry "$1" || return 0
    say "deleted: $1"
  fi
}

# KEY INPUT FIELDS WANTED
create_entry() {
  made=no
  ask describe-access-entry "$1" \
    "[contains(keys(accessEntry.tags || $tick{}$tick), $tick\"$RUN_TAG\"$tick), accessEntry.$3 == $tick$4$tick]"
  case $answer in
    absent)
      change "$1" create-access-entry "$2" || return 0
      ours=yes
      made=yes
      say "created: $1"
      ;;
    True*True)
      ours=yes
      say "exists: $1"
      ;;
    False*True)
      ours=no
      say "exists, made by somebody else: $1"
      ;;
    *) leave "$1" 'somebody else made or changed it' ;;
  esac
}

# KEY INPUT FIELDS WANTED PLANNED
update_entry() {
  [ "$ours" != left ] || return 0
  ask describe-access-entry "$1" "[accessEntry.$3 == $tick$4$tick, accessEntry.$3 == $tick$5$tick]"
  case $answer in
    True*) say "exists: $1" ;;
    *True)
      change "$1" update-access-entry "$2" || return 0
      say "updated: $1"
      ;;
    *) leave "$1" 'somebody else changed it' ;;
  esac
}

# KEY POLICY WANTED PLANNED: asks whether the policy's scope is what is wanted, and whether it is what the plan saw.
ask_scope() {
  scope="associatedAccessPolicies[?policyArn == $tick$2$tick].accessScope.[type, sort(namespaces || ${tick}[]$tick)] | [0]"
  ask list-associated-access-policies "$1" "[($scope) == $tick$3$tick, ($scope) == $tick$4$tick]"
}

# KEY INPUT POLICY WANTED PLANNED
associate_policy() {
  [ "$ours" != left ] || return 0
  ask_scope "$1" "$3" "$4" "$5"
  case $ours:$answer in
    *:True*) say "associated already: $3 with $1" ;;
    yes:*True)
      change "$1" associate-access-policy "$2" || return 0
      say "associated: $3 with $1"
      ;;
    *) leave "$1" "$3 is for who made it to associate" ;;
  esac
}

# KEY INPUT POLICY PLANNED
disassociate_policy() {
  [ "$ours" != left ] || return 0
  ask_scope "$1" "$3" null "$4"
  case $answer in
    True*) ;;
    *True)
      change "$1" disassociate-access-policy "$2" || return 0
      say "disassociated: $3 from $1"
      ;;
    *) leave "$1" "somebody else changed the scope of $3" ;;
  esac
}

left=0
refused=0
# Whether the entry at hand was created by this very run.
made=no
# What may be done for the principal at hand: `yes` all that is planned, `no` nothing, `left` that is told already.
ours=left
# What stands between two of these is JSON in a query.
tick='`'
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

current=$(mode)
if [ "$current" = CONFIG_MAP ]; then
  [ "${ENABLE_ACCESS_ENTRIES-}" = yes ] ||
    fail 'the cluster is in the mode CONFIG_MAP; ENABLE_ACCESS_ENTRIES=yes allows the switch, which can not be undone'
  aws eks update-cluster-config --name "$CLUSTER_NAME" \
    --access-config authenticationMode=API_AND_CONFIG_MAP >/dev/null
  say 'switching the mode to API_AND_CONFIG_MAP'
  tries=0
  while [ "$current" = CONFIG_MAP ]; do
    tries=$((tries + 1))
    [ "$tries" -le 120 ] || fail 'the mode did not change'
    sleep "${POLL_SECONDS:-10}"
    current=$(mode)
  done
fi
