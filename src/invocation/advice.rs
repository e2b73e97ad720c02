//! What a finding or a failure advises to do with this tool: named by what is missing, put into words here.

use std::fmt;

use crate::finding::Code;

/// Advice, once: the plain ones, and those with something to fill in.
macro_rules! advice {
    (
        plain { $($plain:ident = $plain_text:literal,)* }
        filled { $($filled:ident { $($field:ident: $type:ty),* } = $filled_text:literal,)* }
    ) => {
        /// What to do about a finding or a failure, where it takes an option of this tool.
        #[derive(Debug, Clone)]
        pub(crate) enum Advice {
            $($plain,)*
            $($filled { $($field: $type),* },)*
        }

        impl fmt::Display for Advice {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$plain => f.write_str($plain_text),)*
                    $(Self::$filled { $($field),* } => write!(f, $filled_text),)*
                }
            }
        }
    };
}

advice! {
    plain {
        // Which cluster, and where its aws-auth comes from.
        NameCluster = "pass the cluster with --cluster",
        NameClusterOrFile = "pass a cluster with --cluster or --kubeconfig, or a file with --from-file",
        NameClusterOrJournal = "name the journal with --journal, or read the cluster with --cluster",
        ChooseCluster = "choose one with --cluster and --region",
        CheckClusterAndRegion = "check --cluster and --region",
        NameClusterOfKubeconfig = "name it with --cluster (and --region)",
        NameLiveCluster = "pass the cluster with --cluster or --kubeconfig, without --from-file",
        WatchLiveCluster = "name the cluster without --from-file, or add --kubeconfig",
        CheckCluster = "check --cluster, --region and the account of the credentials; `aws eks list-clusters` lists the clusters",
        RightContext = "pass the right context with --context, or run without --kubeconfig: --cluster alone finds the endpoint itself",
        WaitOrFile = "wait until it is ACTIVE, or pass the ConfigMap with --from-file",
        LiveOrTrustFile = "run without --from-file to plan from the live ConfigMap, or add --trust-file to confirm that the file is the live ConfigMap",
        LiveOrFileAlone = "the live ConfigMap is what grants access: run without --from-file, or plan from the file alone without --cluster",
        WaitOrOtherCredentials = "retry in a minute: the cluster's authenticator may be starting or down; if the error stays, the caller has neither a mapping in aws-auth nor an access entry on this cluster: use credentials that do, or read the ConfigMap elsewhere and pass it with --from-file",
        GrantReadOrFile = "grant the caller `get` on the ConfigMap `aws-auth` in `kube-system`, or read it elsewhere and pass it with --from-file",
        NetworkOrFile = "check the network: a private endpoint can only be reached from its VPC; --from-file works without it",
        MoreTimeForPlugin = "run the plugin by hand to see its output, which is not shown here because it may contain secrets; --request-timeout gives it more time",
        LogIn = "log in (`aws sso login`, `aws configure`), name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",

        // What could not be read, and how it could.
        PassRbac = "grant the caller `list` on clusterrolebindings and rolebindings, or pass the objects with --rbac-file",
        WriteRbacFile = "write them to a file with `kubectl get clusterrolebindings,rolebindings -A -o yaml` and pass it with --rbac-file",
        ReadNodeRoles = "plan with --cluster and the permissions eks:ListNodegroups, eks:DescribeNodegroup, eks:ListFargateProfiles and eks:DescribeFargateProfile",
        ReadUserOrPrincipals = "grant the caller `iam:GetUser`, or pass the real ARN with --principals FILE",

        // Choices that would let it through.
        SwitchMode = "run `apply --enable-access-entries` to switch it",
        AllowModeSwitch = "add --enable-access-entries to switch it to API_AND_CONFIG_MAP; aws-auth keeps working, but the switch can't be undone",
        ApplyWithModeSwitch = "`apply --enable-access-entries`",
        CreateManagedNodes = "run `apply --managed-nodes create` to create it",
        LeaveManagedNodes = "--managed-nodes skip leaves it to EKS",
        IncludeInert = "--include-inert creates the access entry anyway",
        PlanFewer = "delete access entries that are no longer needed, or plan fewer with --only and --exclude",
        UpdateOrKeepLive = "to update it to match the mapping, pass --on-existing update; to keep it, answer `keep-live` in the decisions file",
        UpdateOrKeepAll = "`plan` shows them; keep them with --on-existing keep, or update them with --on-existing update",
        Recreate = "to re-create it, pass --on-existing update",
        ApplyRbac = "run `apply --apply-rbac` to create the bindings first, or write them with `plan --emit-rbac FILE` for `kubectl apply`",
        EmitRbac = "write them with `plan --emit-rbac FILE`, and create them with `kubectl apply -f FILE`",
        GrantBind = "grant the caller `create` and `get` on it, and `bind` on the role that it names, one of clusterroles or roles (`export rbac --for apply` with the cluster and the same --rename-group writes all of this), or create it by hand",
        WriteDecisions = "correct the decisions file or the option; `plan --write-decisions FILE` writes every open question",
        WriteAnswer = "run `decide` or `plan --write-decisions FILE`: it writes the answer, which names every group",
        SavePlanAgain = "create and review a new one: `plan --out FILE`",

        // The caller's own access.
        KeepAdmin = "in aws-auth, map the caller to system:masters; or skip it with --exclude; or continue anyway with `apply --allow-self-lockout`",
        EntryForCaller = "create an access entry for the caller first, or add --allow-self-lockout",

        // The cutover.
        CutOverAtOnce = "cut everything over at once, without --only, --exclude and --keep-config-map, which deletes it; or re-create it without `immutable: true` first",
        DropOrStay = "answer `drop` for them in the decisions file, or run without --to-api-mode",
        FindWriter = "find out who writes aws-auth (`status --preflight`), then run the same command again",
        OtherBackupFile = "choose another file with --backup",
        OtherBackupPlace = "choose another place with --backup",

        // The rollback.
        UsualJournal = "without --journal, the default journal is used, or the entries' tags if there is none",
        JournalWithRun = "`status` shows the last run; pass another journal with --journal",
        JournalOfCutover = "pass the journal of that run with --journal, or restore the backup by hand: kubectl create -f BACKUP",
        JournalOfRemoval = "pass the journal of the run that did with --journal, or restore the backup by hand: kubectl create -f BACKUP",
        ForceDelete = "to delete it anyway, pass --force",

        // The journal, and time.
        OtherJournalPlace = "choose another place with --journal",
        OwnJournal = "run this as that user; or, if you trust its contents, take ownership with chown; or choose another journal with --journal",
        NoJournalThere = "the file was not changed; pass a journal, or a file that does not exist yet, with --journal",
        NewerJournal = "update aws-auth-migrate, or choose another journal with --journal",
        WithoutJournal = "move the file to another folder and keep it, and leave the backups where they are: without it, `apply` compares with the cluster and continues, and `rollback` restores the last backup in the folder and deletes this tool's entries by their tags; only the file records what an entry was before `--on-existing update`",
        MoreTime = "run the same command again, with a longer --timeout or without it",

        // The record.
        CheckRecord = "`aws-auth-migrate report --check FILE` verifies it",

        // Fleets.
        NameAccounts = "use credentials of its management account or of a delegated administrator, or name the accounts with --assume",
        NameRegions = "grant `account:ListRegions` to these credentials, or name the regions with --regions",
        SaveAllPlans = "save the plans of all clusters with `fleet plan --out FOLDER`",
        SaveFleetPlanAgain = "save it again with `fleet plan --out FOLDER`",
    }
    filled {
        GrantOrProfile { operation: String } = "grant `{operation}` to the caller, or use other credentials with --profile",
        ResolveWarning { warning: Code } = "resolve it (`aws-auth-migrate explain {warning}`) or plan without --strict",
        FindRealArn { account: String } = "find the real ARN (`aws iam get-role` in account {account}) and pass it with --principals FILE, or pass a role that can look it up: --lookup-role {account}=ROLE_ARN",
        LookUp { account: String, partition: String } = "--lookup-role {account}=arn:{partition}:iam::{account}:role/ROLE_THAT_MAY_READ_IAM",
        IncludeOnly { arn: String } = "--include-inert --only {arn}",
        RenameGroup { names: String } = "--rename-group {names}",
        WaitOrLowerSoak { minutes: i64 } = "wait until {minutes} minutes have passed and watch for refused logins, or lower --min-soak",
        RollThatBackFirst { run: String } = "roll that run back first (--run {run}), or roll everything back (without --run)",
        CompareWithBackup { backup: String } = "compare it with the backup{backup}; --force replaces it with the backup",
        ForceBackup { backup: String } = "--force replaces aws-auth with the backup `{backup}`",
    }
}

impl From<Advice> for String {
    fn from(advice: Advice) -> Self {
        advice.to_string()
    }
}
