//! Examples for the help of every command; the tests parse each of them and run those that need no cluster.

pub(super) const TOOL: &str = "\
Examples:
  # Try the whole migration on a sample cluster, without an AWS account
  aws-auth-migrate rehearse
  # Show what would change on a cluster
  aws-auth-migrate plan --cluster prod --region eu-west-1";

pub(super) const PLAN: &str = "\
Examples:
  # Show what would change, and save the plan for `apply`
  aws-auth-migrate plan --cluster prod --region eu-west-1 --out prod.json
  # Plan offline, from a file
  aws-auth-migrate plan --from-file aws-auth.yaml --rbac-file rbac.yaml
  # Write a decisions file with every open question
  aws-auth-migrate plan --cluster prod --write-decisions decisions.yaml";

pub(super) const APPLY: &str = "\
Examples:
  # Apply the plan, and switch the mode if necessary; asks first
  aws-auth-migrate apply --cluster prod --enable-access-entries
  # Apply exactly a saved plan, without asking
  aws-auth-migrate apply --plan prod.json --yes
  # Migrate only the roles of one team
  aws-auth-migrate apply --cluster prod --only '*:role/team-a/*'";

pub(super) const STATUS: &str = "\
Examples:
  # Show the mode, the entries of this tool, and the next step
  aws-auth-migrate status --cluster prod
  # Check everything that `apply` needs before it runs
  aws-auth-migrate status --cluster prod --preflight --for apply";

pub(super) const VERIFY: &str = "\
Examples:
  # Check whether aws-auth can be removed
  aws-auth-migrate verify --cluster prod
  # Show the access of one role, now and after the cutover
  aws-auth-migrate verify --cluster prod --principal arn:aws:iam::111122223333:role/ops";

pub(super) const CUTOVER: &str = "\
Examples:
  # Back up aws-auth and remove it; asks first
  aws-auth-migrate cutover --cluster prod --backup aws-auth.backup.yaml
  # Remove the mapping of one role only
  aws-auth-migrate cutover --cluster prod --only '*:role/ops'
  # Remove aws-auth, then switch the cluster to the mode API for good
  aws-auth-migrate cutover --cluster prod --to-api-mode";

pub(super) const ROLLBACK: &str = "\
Examples:
  # Show what would be undone
  aws-auth-migrate rollback --cluster prod --dry-run
  # Undo everything that this tool changed; asks first
  aws-auth-migrate rollback --cluster prod";

pub(super) const REPORT: &str = "\
Examples:
  # Write the record of a migration, with the proof of the live cluster
  aws-auth-migrate report --cluster prod --output markdown
  # The same from the journal alone, without AWS
  aws-auth-migrate report --cluster prod --offline --output html --out-report record.html
  # Verify that a record was not changed
  aws-auth-migrate report --check record.html";

#[cfg(feature = "sandbox")]
pub(super) const REHEARSE: &str = "\
Examples:
  # Rehearse on a sample cluster
  aws-auth-migrate rehearse
  # Rehearse with the aws-auth and the bindings of your cluster, and roll back at the end
  aws-auth-migrate rehearse --from-file aws-auth.yaml --rbac-file rbac.yaml --rollback
  # Keep the sandbox running to try the commands on it
  aws-auth-migrate rehearse --keep";

pub(super) const FLEET: &str = "\
Examples:
  # Show the state of every cluster in the fleet file
  aws-auth-migrate fleet status --fleet fleet.yaml
  # Plan all clusters of an organization
  aws-auth-migrate fleet plan --discover --organization --role-name migrate --regions all-enabled";

pub(super) const FLEET_PLAN: &str = "\
Examples:
  # Plan every cluster in the fleet file, and save the plans
  aws-auth-migrate fleet plan --fleet fleet.yaml --out plans
  # Find the clusters of two regions, and write a fleet file
  aws-auth-migrate fleet plan --discover --regions eu-west-1,us-east-1 --write-fleet fleet.yaml";

pub(super) const FLEET_APPLY: &str = "\
Examples:
  # Apply the saved plans, ten clusters at a time, starting with the staging clusters
  aws-auth-migrate fleet apply --fleet fleet.yaml --plans plans --canary 'staging-*' --wave-size 10";

pub(super) const FLEET_VERIFY: &str = "\
Examples:
  # Check for every cluster whether aws-auth can be removed
  aws-auth-migrate fleet verify --fleet fleet.yaml --output csv";

pub(super) const FLEET_STATUS: &str = "\
Examples:
  # Show the next step for every cluster
  aws-auth-migrate fleet status --fleet fleet.yaml";

pub(super) const FLEET_SHARD: &str = "\
Examples:
  # Write the first of 16 shards
  aws-auth-migrate fleet shard --fleet fleet.yaml --index 0 --of 16 --out shard-0.yaml";

pub(super) const FLEET_MERGE: &str = "\
Examples:
  # Merge the reports in a folder into one web page
  aws-auth-migrate fleet merge reports --output html";

pub(super) const EXPORT: &str = "\
Examples:
  # Write Terraform for the plan of a cluster
  aws-auth-migrate export terraform --cluster prod --out access-entries.tf
  # Write eksctl's format from a file, offline
  aws-auth-migrate export eksctl --from-file aws-auth.yaml --account-id 111122223333
  # Write the IAM policy that `apply` needs
  aws-auth-migrate export iam-policy --for apply --cluster prod";

pub(super) const DECIDE: &str = "\
Examples:
  # Answer the open questions of a cluster
  aws-auth-migrate decide --cluster prod --out decisions.yaml
  # Answer what is still open in a decisions file
  aws-auth-migrate decide --cluster prod --decisions decisions.yaml";

pub(super) const EXPLAIN: &str = "\
Examples:
  # List all codes
  aws-auth-migrate explain
  # Explain one
  aws-auth-migrate explain AAM303";

pub(super) const SCHEMA: &str = "\
Examples:
  # Print the schema of the plan document
  aws-auth-migrate schema plan
  # Print the schema of the decisions file
  aws-auth-migrate schema decisions";

pub(super) const COMPLETIONS: &str = "\
Examples:
  # Complete commands in the current bash session: source the output
  aws-auth-migrate completions bash";

pub(super) const MAN: &str = "\
Examples:
  # Print the manual page of the tool
  aws-auth-migrate man
  # Print the manual page of `apply`
  aws-auth-migrate man apply";
