//! What each export looks like, and that no text gets out of its place.

mod existing;
mod golden;
mod hostile;
mod judges;
mod permissions;
mod schemas;

use super::*;
use crate::plan::Plan;

type Export = fn(&Plan) -> String;

const EXPORTS: &[(&str, Export)] = &[
    ("terraform.tf", terraform),
    ("module.tf", terraform_module),
    ("cloudformation.yaml", cloudformation),
    ("cloudformation.json", cloudformation_json),
    ("eksctl.yaml", eksctl),
    ("ack.yaml", ack),
    ("cdk.ts", cdk),
    ("pulumi.yaml", pulumi),
    ("aws-cli.sh", aws_cli),
];
