//! An odd cluster as a sandbox begins with it.

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::{ClusterSeed, Seed, SeedEntry};

use crate::odd::{OWN, Odd};
use crate::plain::Person;

impl Odd {
    /// The sandbox of this cluster, whose updates take as long as they do there.
    pub(crate) fn seed(&self, cluster: &str) -> Seed {
        let text = self.text();
        let sections = [
            ("mapRoles", text.map_roles),
            ("mapUsers", text.map_users),
            ("mapAccounts", text.map_accounts),
        ];
        let data = sections
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let cluster = ClusterSeed {
            name: cluster.to_owned(),
            account_id: OWN.to_owned(),
            ..ClusterSeed::default()
        };
        let arns: Vec<String> = self.people.iter().map(Person::arn).collect();
        let mut seed = Seed::new(cluster)
            .with_aws_auth(data.collect())
            .with_principals(arns.iter().map(String::as_str));
        if self.mode != AuthenticationMode::ConfigMap {
            seed = seed.switched_to(self.mode);
        }
        seed.entries
            .extend(self.entries.iter().map(|live| SeedEntry {
                entry: live.entry.clone(),
                stale: live.is_stale,
            }));
        seed.objects.clone_from(&self.objects);
        seed
    }
}
