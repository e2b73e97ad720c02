//! HCL for Terraform.

use hcl::expr::{Expression, Object, ObjectKey, TemplateExpr, Traversal, Variable};
use hcl::format::Formatter;
use hcl::structure::{Block, Body, Structure};

use super::carried::{Carried, beside, carried, cluster_code, header};
use super::names::{Style, names};
use crate::model::PolicyAssociation;
use crate::model::access_policy::ScopeKind;
use crate::plan::Plan;
use crate::text::is_hidden;

const ENTRY: &str = "aws_eks_access_entry";
const ASSOCIATION: &str = "aws_eks_access_policy_association";

/// Resources of the AWS provider, and `import` blocks for what the cluster has already.
///
/// Source: Terraform AWS provider, `aws_eks_access_entry` and `aws_eks_access_policy_association`, "Import".
#[must_use]
pub fn terraform(plan: &Plan) -> String {
    let entries = carried(plan);
    let mut blocks = vec![cluster_name(plan)];
    for (carried, name) in entries.iter().zip(names(&entries, Style::Snake)) {
        blocks.push(entry(carried, &name));
        if carried.exists {
            let id = of_variable(&entry_id("", carried));
            blocks.push(import(path(&[ENTRY, &name]), id));
        }
        for policy in &carried.entry.access_policies {
            let label = association_name(carried, policy, &name);
            blocks.push(association(policy, &name, &label));
            if carried.has(policy) {
                let id = of_variable(&association_id("", carried, policy));
                blocks.push(import(path(&[ASSOCIATION, &label]), id));
            }
        }
    }
    let version = if entries.iter().any(|carried| carried.exists) {
        "1.6, for import ids with a variable"
    } else {
        "1.0"
    };
    let mut notes = beside(plan);
    notes.extend(cluster_resource());
    notes.extend([
        format!("Needs Terraform {version}, and hashicorp/aws 5.33."),
        "`terraform plan` shows what is imported, changed and created.".to_owned(),
    ]);
    file(plan, &notes, blocks)
}

/// The `access_entries` input of the module terraform-aws-modules/eks, as a local value, and `import` blocks for what
/// the cluster has already, at the addresses that a module with the name `eks` gives them.
///
/// Source: terraform-aws-modules/eks, `variables.tf`, `access_entries`, and `main.tf`, "Access Entry".
#[must_use]
pub fn terraform_module(plan: &Plan) -> String {
    let entries = carried(plan);
    let mut map = Object::new();
    for (carried, name) in entries.iter().zip(names(&entries, Style::Snake)) {
        map.insert(ObjectKey::from(ident(&name)), module_entry(carried).into());
    }
    let locals = Block::builder("locals")
        .add_attribute(("access_entries", Expression::Object(map)))
        .build();
    let mut blocks = vec![locals];
    let cluster = plan.cluster.name.as_deref().unwrap_or_default();
    let mut notes = beside(plan);
    notes.extend(cluster_resource());
    notes.extend([
        "Needs the module in version 20 or later. Some (20.11.1) ignore a change of authentication_mode: switch with `apply`, then set".to_owned(),
        "it (terraform-aws-modules/terraform-aws-eks#3246).".to_owned(),
        "Pass it to the module: access_entries = local.access_entries".to_owned(),
        "Leave enable_cluster_creator_admin_permissions off where the creator is among them."
            .to_owned(),
    ]);
    if entries.iter().any(|carried| carried.exists) {
        notes.push(
            "The imports are for a module with the name `eks`, and need Terraform 1.5.".to_owned(),
        );
    }
    for (carried, name) in entries.iter().zip(names(&entries, Style::Snake)) {
        if carried.exists {
            let id = text(&entry_id(cluster, carried));
            blocks.push(import(module_path(ENTRY, &name), id));
        }
        for policy in &carried.entry.access_policies {
            if carried.has(policy) {
                let id = text(&association_id(cluster, carried, policy));
                let address = module_path(ASSOCIATION, &format!("{name}_{}", policy.name()));
                blocks.push(import(address, id));
            }
        }
    }
    file(plan, &notes, blocks)
}

/// What becomes of the resource `aws_eks_cluster`.
///
/// Source: Terraform AWS provider, `aws_eks_cluster`, `access_config`, and its issues 35824 and 38967.
fn cluster_resource() -> Vec<String> {
    let mut notes = cluster_code();
    notes.extend([
        "Adding access_config to a resource aws_eks_cluster that had none can plan a REPLACEMENT of the cluster".to_owned(),
        "(hashicorp/terraform-provider-aws#38967): read `terraform plan` first. Where it says so, set".to_owned(),
        "bootstrap_cluster_creator_admin_permissions in access_config to what the cluster was created with, or ignore its changes:".to_owned(),
        "  lifecycle { ignore_changes = [access_config[0].bootstrap_cluster_creator_admin_permissions] }".to_owned(),
    ]);
    notes
}

fn cluster_name(plan: &Plan) -> Block {
    let block = Block::builder("variable")
        .add_label("cluster_name")
        .add_attribute(("description", text("The EKS cluster")))
        .add_attribute(("type", Variable::new("string").expect("an identifier")));
    match &plan.cluster.name {
        Some(name) => block.add_attribute(("default", text(name))).build(),
        None => block.build(),
    }
}

fn entry(carried: &Carried<'_>, name: &str) -> Block {
    let entry = carried.entry;
    let mut block = Block::builder("resource")
        .add_labels([ENTRY, name])
        .add_attribute(("cluster_name", path(&["var", "cluster_name"])))
        .add_attribute(("principal_arn", text(&entry.principal_arn.to_string())))
        .add_attribute(("type", text(entry.entry_type.as_str())));
    if let Some(username) = carried.username() {
        block = block.add_attribute(("user_name", text(username)));
    }
    if !carried.groups().is_empty() {
        block = block.add_attribute(("kubernetes_groups", list(carried.groups())));
    }
    if !carried.tags().is_empty() {
        block = block.add_attribute(("tags", tags(carried)));
    }
    block.build()
}

fn association(policy: &PolicyAssociation, entry: &str, label: &str) -> Block {
    let of_entry = |field| path(&[ENTRY, entry, field]);
    let mut scope =
        Block::builder("access_scope").add_attribute(("type", text(scope_kind(policy))));
    if policy.access_scope.kind == ScopeKind::Namespace {
        scope = scope.add_attribute(("namespaces", list(&policy.access_scope.namespaces)));
    }
    Block::builder("resource")
        .add_labels([ASSOCIATION, label])
        .add_attribute(("cluster_name", of_entry("cluster_name")))
        .add_attribute(("principal_arn", of_entry("principal_arn")))
        .add_attribute(("policy_arn", text(&policy.policy_arn.to_string())))
        .add_block(scope.build())
        .build()
}

fn import(to: Expression, id: Expression) -> Block {
    Block::builder("import")
        .add_attribute(("to", to))
        .add_attribute(("id", id))
        .build()
}

fn entry_id(cluster: &str, carried: &Carried<'_>) -> String {
    format!("{cluster}:{}", carried.entry.principal_arn)
}

fn association_id(cluster: &str, carried: &Carried<'_>, policy: &PolicyAssociation) -> String {
    let arn = &carried.entry.principal_arn;
    format!("{cluster}#{arn}#{}", policy.policy_arn)
}

/// The end of an id, with the variable for the cluster before it: what is imported is always of the cluster that is meant.
///
/// Source: Terraform, "import block reference", `id`: an expression since 1.6.
fn of_variable(rest: &str) -> Expression {
    TemplateExpr::QuotedString(format!("${{var.cluster_name}}{}", escaped(rest, false))).into()
}

/// Where the module keeps an instance of its resource `this`.
fn module_path(resource: &str, instance: &str) -> Expression {
    let module = Variable::new("module").expect("an identifier");
    let path = Traversal::builder(module).attr(ident("eks"));
    let path = path.attr(ident(resource)).attr(ident("this"));
    path.index(key(instance)).build().into()
}

fn module_entry(carried: &Carried<'_>) -> Object<ObjectKey, Expression> {
    let entry = carried.entry;
    let mut object = Object::new();
    let mut put = |name: &str, value: Expression| object.insert(ident(name).into(), value);
    put("principal_arn", text(&entry.principal_arn.to_string()));
    put("type", text(entry.entry_type.as_str()));
    if let Some(username) = carried.username() {
        put("user_name", text(username));
    }
    if !carried.groups().is_empty() {
        put("kubernetes_groups", list(carried.groups()));
    }
    if !carried.tags().is_empty() {
        put("tags", tags(carried));
    }
    if !entry.access_policies.is_empty() {
        let mut associations = Object::new();
        for policy in &entry.access_policies {
            let mut scope = Object::new();
            scope.insert(ident("type").into(), text(scope_kind(policy)));
            if policy.access_scope.kind == ScopeKind::Namespace {
                scope.insert(
                    ident("namespaces").into(),
                    list(&policy.access_scope.namespaces),
                );
            }
            let mut association = Object::new();
            association.insert(
                ident("policy_arn").into(),
                text(&policy.policy_arn.to_string()),
            );
            association.insert(ident("access_scope").into(), Expression::Object(scope));
            let key = ObjectKey::Expression(key(policy.name()));
            associations.insert(key, Expression::Object(association));
        }
        put("policy_associations", Expression::Object(associations));
    }
    object
}

fn association_name(carried: &Carried<'_>, policy: &PolicyAssociation, entry: &str) -> String {
    if carried.entry.access_policies.len() == 1 {
        return entry.to_owned();
    }
    let at = carried
        .entry
        .access_policies
        .iter()
        .position(|other| other == policy);
    let short: String = policy
        .name()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!(
        "{entry}_{}_{}",
        short.to_ascii_lowercase(),
        at.unwrap_or_default() + 1
    )
}

fn scope_kind(policy: &PolicyAssociation) -> &'static str {
    match policy.access_scope.kind {
        ScopeKind::Cluster => "cluster",
        ScopeKind::Namespace => "namespace",
    }
}

fn tags(carried: &Carried<'_>) -> Expression {
    Expression::Object(
        carried
            .tags()
            .into_iter()
            .map(|(name, value)| (ObjectKey::Expression(key(name)), text(value)))
            .collect(),
    )
}

fn list(items: &[String]) -> Expression {
    Expression::Array(items.iter().map(|item| text(item)).collect())
}

fn ident(name: &str) -> hcl::Identifier {
    hcl::Identifier::new(name).expect("names are made of letters, digits and underscores")
}

fn path(parts: &[&str]) -> Expression {
    let (first, rest) = parts.split_first().expect("a path is not empty");
    let first = Variable::new(*first).expect("an identifier");
    let path = rest.iter().fold(Traversal::builder(first), |path, part| {
        path.attr(ident(part))
    });
    path.build().into()
}

/// A text as a literal.
///
/// The writer's own quoting leaves some markers of templates alive, as in `${a}%${b}`, and hidden characters as they
/// are; so literals are given to it ready made.
fn text(text: &str) -> Expression {
    TemplateExpr::QuotedString(escaped(text, false)).into()
}

/// The same for a key, in ASCII, since keys are aligned by their width.
fn key(text: &str) -> Expression {
    TemplateExpr::QuotedString(escaped(text, true)).into()
}

/// Source: HCL Native Syntax Specification, "Template Expressions" and "Template Literals".
fn escaped(text: &str, ascii: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => escaped.extend([c, c]),
            _ if is_hidden(c) || (ascii && !c.is_ascii()) => {
                escaped.push_str(&match u32::from(c) {
                    code @ 0x10000.. => format!("\\U{code:08x}"),
                    code => format!("\\u{code:04x}"),
                });
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

fn file(plan: &Plan, notes: &[String], blocks: Vec<Block>) -> String {
    let body: Body = blocks.into_iter().map(Structure::Block).collect();
    let mut formatter = Formatter::builder()
        .compact_arrays(true)
        .prefer_ident_keys(true)
        .build(Vec::new());
    hcl::format::Format::format(&body, &mut formatter).expect("a vector takes all that is written");
    let written = String::from_utf8(formatter.into_inner()).expect("HCL is text");
    format!("{}\n{}", header(plan, notes), aligned(&written))
}

/// Aligns the equals signs of neighbouring lines, as `terraform fmt` does.
fn aligned(written: &str) -> String {
    let lines: Vec<(&str, Option<usize>)> = written
        .lines()
        .map(|line| (line, assignment(line)))
        .collect();
    let mut text = String::with_capacity(written.len() + written.len() / 8);
    for chunk in lines.chunk_by(|(_, one), (_, other)| one.is_some() && other.is_some()) {
        let width = chunk.iter().filter_map(|(_, at)| *at).max().unwrap_or(0);
        for (line, at) in chunk {
            match at {
                Some(at) => {
                    let (key, value) = line.split_at(*at);
                    text.push_str(&format!("{key:width$}{value}"));
                }
                None => text.push_str(line),
            }
            text.push('\n');
        }
    }
    text
}

/// Where ` = ` is in a line that holds a whole assignment.
fn assignment(line: &str) -> Option<usize> {
    if line.ends_with(['{', '[']) {
        return None;
    }
    let key = line.trim_start();
    let start = line.len() - key.len();
    let end = if let Some(quoted) = key.strip_prefix('"') {
        let mut escaped = false;
        let close = quoted.find(|c: char| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        close + 2
    } else {
        key.find(' ')?
    };
    key[end..].starts_with(" = ").then_some(start + end)
}
