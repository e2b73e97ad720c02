//! The profile that is named on the command line: it has to exist, and its credentials come before all others.
//!
//! Source: AWS CLI User Guide, "Configuration settings and precedence": a profile named by an option wins over
//! environment variables.

use aws_config::Region;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};

use super::AwsError;
use crate::text::visible;

/// How many profiles an error names.
const SHOWN: usize = 20;

/// Refuses a profile that is in none of the files.
pub(super) async fn must_exist(name: &str) -> Result<(), AwsError> {
    let operation = format!("use the AWS profile `{name}`");
    let (fs, env, files) = (Fs::real(), Env::real(), EnvConfigFiles::default());
    let profiles = aws_config::profile::load(&fs, &env, &files, None)
        .await
        .map_err(|error| AwsError::setting(&operation, crate::causes::with_causes(&error)))?;
    if profiles.get_profile(name).is_some() {
        return Ok(());
    }
    let mut names: Vec<&str> = profiles.profiles().collect();
    names.sort_unstable();
    names.truncate(SHOWN);
    let there = if names.is_empty() {
        "there are no profiles".to_owned()
    } else {
        format!("available: {}", visible(&names.join(", ")))
    };
    Err(AwsError::setting(
        &operation,
        format!(
            "~/.aws/config and ~/.aws/credentials, or the files named by AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, have no such profile; {there}"
        ),
    ))
}

/// The profile's credentials; of a profile without any, those of the container or instance, as with the `aws` command.
pub(super) async fn credentials(
    name: &str,
    region: Option<Region>,
    client: &SharedHttpClient,
) -> CredentialsProviderChain {
    let of_profile = ProfileFileRegionProvider::builder()
        .profile_name(name)
        .build();
    let region = RegionProviderChain::first_try(region)
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(of_profile)
        .region()
        .await;
    let config = ProviderConfig::without_region()
        .with_region(region)
        .with_http_client(client.clone());
    let profile = ProfileFileCredentialsProvider::builder()
        .profile_name(name)
        .configure(&config)
        .build();
    let container = EcsCredentialsProvider::builder().configure(&config).build();
    let instance = ImdsCredentialsProvider::builder()
        .configure(&config)
        .build();
    CredentialsProviderChain::first_try("Profile", profile)
        .or_else("EcsContainer", container)
        .or_else("Ec2InstanceMetadata", instance)
}
