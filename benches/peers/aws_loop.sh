#!/bin/sh
# Creates an access entry for each line of a file, one after the other, with the `aws` command. Checks nothing.
# A line holds the ARN, the username, and a group or `system:masters`, which stands for the policy of administrators.
set -eu
cluster=$1
while read -r arn username group; do
  if [ "$group" = system:masters ]; then
    aws eks create-access-entry --cluster-name "$cluster" --principal-arn "$arn" --username "$username" >/dev/null
    aws eks associate-access-policy --cluster-name "$cluster" --principal-arn "$arn" \
      --policy-arn arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy \
      --access-scope type=cluster >/dev/null
  else
    aws eks create-access-entry --cluster-name "$cluster" --principal-arn "$arn" --username "$username" \
      --kubernetes-groups "$group" >/dev/null
  fi
done <"$2"
