//! Lists of objects, page by page and whole.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, RoleBinding};
use kube::api::{Api, ListParams};
use tracing::debug;

use super::retry::retried;
use super::{Kubernetes, KubernetesError, Request};
use crate::model::rbac::{Binding, Rbac, RbacRule};
use crate::together::both;

/// How many objects are asked for at a time.
const PAGE: u32 = 500;
/// How often a list that expires between its pages is read from its beginning.
const WHOLE_LISTS: u32 = 4;
/// How many pages a list may have: half a million objects.
const MOST_PAGES: usize = 1000;
/// How many bytes a list may have; more than that is no cluster's, but somebody who fills the memory.
const LARGEST_LIST: u64 = 256 * 1024 * 1024;

impl Kubernetes {
    /// Reads all bindings of users and groups, page by page.
    pub async fn rbac(&self) -> Result<Rbac, KubernetesError> {
        let cluster_wide = self.all(
            Request::List("ClusterRoleBindings"),
            |binding: ClusterRoleBinding| Binding::from(binding),
        );
        let namespaced = self.all(Request::List("RoleBindings"), |binding: RoleBinding| {
            Binding::from(binding)
        });
        let (mut bindings, namespaced) = Box::pin(both(cluster_wide, namespaced)).await?;
        bindings.extend(namespaced);
        bindings.retain(|binding| !binding.subjects.is_empty());
        Ok(Rbac {
            bindings,
            cluster_roles: None,
        })
    }

    /// Reads the rules of all ClusterRoles, by name.
    pub async fn cluster_roles(&self) -> Result<BTreeMap<String, Vec<RbacRule>>, KubernetesError> {
        let roles = self.all(Request::List("ClusterRoles"), |role: ClusterRole| {
            let rules = role.rules.into_iter().flatten().map(RbacRule::from);
            (role.metadata.name.unwrap_or_default(), rules.collect())
        });
        Ok(roles.await?.into_iter().collect())
    }

    /// Reads all objects of a kind and keeps of each what is wanted: the whole list, and from its beginning where it
    /// expired between two pages, since half a list proves nothing.
    ///
    /// Source: Kubernetes API Concepts, "Retrieving large results sets in chunks" (410 Gone).
    pub(super) async fn all<K, T>(
        &self,
        what: Request,
        kept: impl Fn(K) -> T,
    ) -> Result<Vec<T>, KubernetesError>
    where
        K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            // The last time in one answer, which can't expire.
            let limit = (tries < WHOLE_LISTS).then_some(PAGE);
            match self.pages(what, limit, &kept).await {
                Err(KubernetesError::Refused { code: 410, .. }) if tries < WHOLE_LISTS => {
                    debug!(tries, "{what}: the list expired between two pages");
                }
                ended => return ended,
            }
        }
    }

    async fn pages<K, T>(
        &self,
        what: Request,
        limit: Option<u32>,
        kept: impl Fn(K) -> T,
    ) -> Result<Vec<T>, KubernetesError>
    where
        K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::all(self.client.clone());
        let endless = |reason: String| KubernetesError::Endless { what, reason };
        let first = ListParams {
            limit,
            ..ListParams::default()
        };
        let mut params = first.clone();
        let mut all = Vec::new();
        let before = self.received.load(Ordering::Relaxed);
        for _ in 0..MOST_PAGES {
            let page = retried(|| async {
                let page = api.list(&params).await;
                page.map_err(|error| KubernetesError::of(what, error))
            });
            let page = page.await?;
            all.extend(page.items.into_iter().map(&kept));
            let Some(token) = page.metadata.continue_.filter(|token| !token.is_empty()) else {
                debug!(count = all.len(), "{what}");
                return Ok(all);
            };
            if self.received.load(Ordering::Relaxed) - before > LARGEST_LIST {
                let most = LARGEST_LIST / 1024 / 1024;
                return Err(endless(format!("is larger than {most} MiB")));
            }
            params = first.clone().continue_token(&token);
        }
        Err(endless(format!("has more than {MOST_PAGES} pages")))
    }
}
