//! The ConfigMap as a whole: read, replaced and deleted, each write guarded against everybody else's.

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, PostParams, Preconditions};
use serde_json::Value;
use tracing::debug;

use super::error::ended;
use super::retry::retried;
use super::{Kubernetes, KubernetesError, Request};
use crate::rights::AccessReview;
use crate::source::{AwsAuth, NAME, NAMESPACE};

/// Who writes, for `metadata.managedFields`.
pub const MANAGER: &str = "aws-auth-migrate";

/// Whether a write is made, or the API server is only asked what would come of it.
///
/// Source: Kubernetes, "Kubernetes API Concepts", dry-run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The write is made.
    Real,
    /// Everything but the last step is done, admission included; nothing is changed.
    Dry,
}

/// What came of a deletion.
#[derive(Debug, Clone, PartialEq)]
pub enum Deleted {
    /// The object is gone.
    Gone,
    /// It is being deleted, and still there.
    Terminating,
}

/// What holds an object up that is being deleted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Terminating {
    /// When the deletion was asked for.
    pub since: jiff::Timestamp,
    /// Whose work has to be done before.
    pub finalizers: Vec<String>,
}

/// The ConfigMap with its metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    object: ConfigMap,
}

impl Stored {
    /// What of it matters to the cluster.
    #[must_use]
    pub fn aws_auth(&self) -> AwsAuth {
        AwsAuth::from(self.object.clone())
    }

    /// The whole object as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::to_value(&self.object).expect("a ConfigMap is plain data")
    }

    /// The object out of its JSON; `None` where it is no ConfigMap.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let object = serde_json::from_value(value.clone()).ok()?;
        Some(Self { object })
    }

    /// Which object it is: another one of the same name has another one.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.object.metadata.uid.as_deref()
    }

    /// What holds it up, where it is being deleted: until the last finalizer is gone it is there and counts.
    #[must_use]
    pub fn terminating(&self) -> Option<Terminating> {
        let since = self.object.metadata.deletion_timestamp.as_ref()?;
        Some(Terminating {
            since: since.0,
            finalizers: self.object.metadata.finalizers.clone().unwrap_or_default(),
        })
    }

    /// When it was last written, as far as its metadata says.
    #[must_use]
    pub fn changed_at(&self) -> Option<jiff::Timestamp> {
        let fields = self.object.metadata.managed_fields.iter().flatten();
        let written = fields.filter_map(|field| Some(field.time.as_ref()?.0));
        written.chain(self.created_at()).max()
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> Option<jiff::Timestamp> {
        let time = self.object.metadata.creation_timestamp.as_ref()?;
        Some(time.0)
    }

    /// The managers of its fields, such as `kubectl-edit` or `terraform`, each once.
    #[must_use]
    pub fn managers(&self) -> Vec<String> {
        let mut managers: Vec<String> = self
            .object
            .metadata
            .managed_fields
            .iter()
            .flatten()
            .filter_map(|field| field.manager.clone())
            .collect();
        managers.sort();
        managers.dedup();
        managers
    }

    /// Its labels and annotations, as `key=value`.
    #[must_use]
    pub fn marks(&self) -> Vec<String> {
        let metadata = &self.object.metadata;
        let both = metadata
            .labels
            .iter()
            .chain(&metadata.annotations)
            .flatten();
        both.map(|(key, value)| format!("{key}={value}")).collect()
    }

    /// A manifest that `kubectl apply` or `kubectl create` takes: without what the API server fills in.
    ///
    /// Every text is read back as it is, by readers of YAML 1.1 such as kubectl and of YAML 1.2.
    #[must_use]
    pub fn manifest(&self) -> String {
        let mut object = self.object.clone();
        let metadata = &mut object.metadata;
        metadata.managed_fields = None;
        metadata.resource_version = None;
        metadata.uid = None;
        metadata.creation_timestamp = None;
        metadata.self_link = None;
        metadata.deletion_timestamp = None;
        metadata.deletion_grace_period_seconds = None;
        metadata.generation = None;
        crate::yaml::readable(&Self { object }.json())
    }
}

impl Kubernetes {
    /// Reads the ConfigMap with its metadata; `None` where there is none.
    pub async fn stored(&self) -> Result<Option<Stored>, KubernetesError> {
        let config_maps = self.config_maps();
        let found = retried(|| async {
            let found = config_maps.get_opt(NAME).await;
            found.map_err(|error| KubernetesError::of(Request::ReadAwsAuth, error))
        });
        let found = found.await?;
        debug!(
            exists = found.is_some(),
            "read the ConfigMap kube-system/aws-auth"
        );
        Ok(found.map(|object| Stored { object }))
    }

    /// Gives the ConfigMap other data, unless somebody has written it since it was read.
    pub async fn replace_data(
        &self,
        stored: &Stored,
        data: std::collections::BTreeMap<String, String>,
        attempt: Attempt,
    ) -> Result<(), KubernetesError> {
        let mut object = stored.object.clone();
        object.metadata.managed_fields = None;
        object.data = (!data.is_empty()).then_some(data);
        let params = params(attempt);
        let written = self.config_maps().replace(NAME, &params, &object).await;
        ended(Request::WriteAwsAuth, written.map(drop))
    }

    /// Deletes the ConfigMap, unless somebody has written it since it was read.
    pub async fn delete(
        &self,
        stored: &Stored,
        attempt: Attempt,
    ) -> Result<Deleted, KubernetesError> {
        let metadata = &stored.object.metadata;
        let params = DeleteParams {
            dry_run: attempt == Attempt::Dry,
            preconditions: Some(Preconditions {
                resource_version: metadata.resource_version.clone(),
                uid: metadata.uid.clone(),
            }),
            ..DeleteParams::default()
        };
        let deleted = self.config_maps().delete(NAME, &params).await;
        // An object with finalizers is answered as it is now; one that is gone with a status.
        let deleted = deleted.map(|answer| match answer.left() {
            Some(_) => Deleted::Terminating,
            None => Deleted::Gone,
        });
        ended(Request::DeleteAwsAuth, deleted)
    }

    /// Re-creates the ConfigMap with the labels, annotations and data it had.
    ///
    /// Finalizers are left out, so that it stays until somebody deletes it.
    pub async fn create(&self, stored: &Stored, attempt: Attempt) -> Result<(), KubernetesError> {
        let old = &stored.object;
        let mut object = ConfigMap {
            data: old.data.clone(),
            binary_data: old.binary_data.clone(),
            immutable: old.immutable,
            ..ConfigMap::default()
        };
        object.metadata.name = Some(NAME.to_owned());
        object.metadata.namespace = Some(NAMESPACE.to_owned());
        object.metadata.labels.clone_from(&old.metadata.labels);
        object
            .metadata
            .annotations
            .clone_from(&old.metadata.annotations);
        let created = self.config_maps().create(&params(attempt), &object).await;
        ended(Request::CreateAwsAuth, created.map(drop))
    }

    /// Asks the API server whether the caller may do something.
    pub async fn may(&self, question: &AccessReview) -> Result<bool, KubernetesError> {
        let attributes = ResourceAttributes {
            verb: Some(question.verb.to_owned()),
            group: Some(question.group.to_owned()),
            resource: Some(question.resource.to_owned()),
            namespace: question.namespace.clone(),
            name: question.name.clone(),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let api: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let answer = api
            .create(&PostParams::default(), &review)
            .await
            .map_err(|error| KubernetesError::of(Request::ReviewAccess, error))?;
        let allowed = answer.status.is_some_and(|status| status.allowed);
        debug!(
            verb = question.verb,
            resource = question.resource,
            allowed,
            "asked what the caller may do"
        );
        Ok(allowed)
    }

    /// Whether the API server answers the caller, whoever it is there.
    ///
    /// A server that doesn't know the question has understood who asked it.
    pub async fn answers_the_caller(&self) -> Result<(), KubernetesError> {
        let api: Api<SelfSubjectReview> = Api::all(self.client.clone());
        let asked = retried(|| async {
            let review = SelfSubjectReview::default();
            let answer = api.create(&PostParams::default(), &review).await;
            answer.map_err(|error| KubernetesError::of(Request::ReviewIdentity, error))
        });
        match asked.await {
            Err(KubernetesError::Forbidden { .. } | KubernetesError::Rejected { .. }) | Ok(_) => {
                Ok(())
            }
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }
}

/// Names this tool as the writer.
pub(super) fn writer() -> PostParams {
    PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    }
}

fn params(attempt: Attempt) -> PostParams {
    PostParams {
        dry_run: attempt == Attempt::Dry,
        ..writer()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::report::tests::judge::{judge, judged, python};

    fn stored(data: &BTreeMap<String, String>) -> Stored {
        let texts: BTreeMap<String, &String> = data
            .values()
            .enumerate()
            .map(|(index, value)| (format!("example.com/{index}"), value))
            .collect();
        Stored::from_json(&json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": data,
            "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": texts, "annotations": texts, "uid": "u"},
        }))
        .unwrap()
    }

    fn expected(stored: &Stored) -> Value {
        let mut object = stored.json();
        object["metadata"].as_object_mut().unwrap().remove("uid");
        object
    }

    /// Texts that a writer of YAML gets wrong: words of YAML 1.1, line ends of all kinds, blanks where they count.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[ a-z:#\\-|>&*!%@'\"{}\\[\\],?0-9.~=_\t]{0,8}",
            2 => Just("\n".to_owned()),
            1 => "(\r\n|\r|\u{85}|\u{2028}|\u{feff}|\u{0}|\u{7f}|\u{fffe}|\u{1f600})",
            1 => "(on|yes|No|null|~|1e3|0x1f|1_000|012|12:30:45|2001-01-01|=|<<|---|\\.\\.\\.)",
            1 => any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_backup_reads_back_as_it_was(
            data in proptest::collection::btree_map("(mapRoles|on|yes|null|1e3|[a-z]{1,4}[-._][0-9]{1,3})", text(), 0..4),
        ) {
            let stored = stored(&data);
            let read: Value = serde_yaml::from_str(&stored.manifest()).unwrap();
            prop_assert_eq!(read, expected(&stored));
        }
    }

    #[test]
    fn a_backup_is_written_line_by_line_if_that_loses_nothing() {
        let data = [
            ("mapRoles", "- rolearn: a # é\n\n  username: 'b'\n"),
            ("mapUsers", "- userarn: a\r\n"),
            ("on", "yes"),
        ];
        let stored = stored(&data.map(|(key, value)| (key.into(), value.into())).into());
        let manifest = stored.manifest();
        let (_, data) = manifest.split_once("data:\n").unwrap();
        let (data, _) = data.split_once("metadata:\n").unwrap();
        assert_eq!(
            data,
            "  mapRoles: |\n    - rolearn: a # é\n\n      username: 'b'\n  mapUsers: \"- userarn: a\\u000d\\n\"\n  \"on\": \"yes\"\n"
        );
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a judge reads a file")]
    fn a_reader_of_yaml_1_1_finds_every_text_of_a_backup() {
        use proptest::strategy::ValueTree;
        if !judge("PyYAML", python("python").args(["-c", "import yaml"])) {
            return;
        }
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let texts = proptest::collection::vec(text(), 300).new_tree(&mut runner);
        let texts = texts.unwrap().current().into_iter().enumerate();
        let stored = stored(
            &texts
                .map(|(index, text)| (index.to_string(), text))
                .collect(),
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.yaml");
        std::fs::write(&path, stored.manifest()).unwrap();
        let program = "import sys, json, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], newline=''))))";
        let read = judged(python("python").args(["-c", program]).arg(&path));
        assert_eq!(
            serde_json::from_str::<Value>(&read).unwrap(),
            expected(&stored)
        );
    }
}
