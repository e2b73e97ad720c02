//! The order in which the clusters of a fleet are written to: canaries first, the rest in waves.

use super::member::Member;
use crate::model::Glob;

/// Clusters that are written to at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// The clusters.
    pub members: Vec<Member>,
    /// Whether any failure among them stops all others.
    pub is_canary: bool,
}

/// Parts a fleet into waves: the canaries, those of the fleet file and those whose name matches, then all others in
/// waves of at most `size`.
#[must_use]
pub fn waves(members: &[Member], canaries: &[Glob], size: Option<usize>) -> Vec<Wave> {
    let is_canary = |member: &Member| {
        let identity = member.identity().to_string();
        let fits = |glob: &Glob| glob.matches(&member.name) || glob.matches(&identity);
        member.canary || canaries.iter().any(fits)
    };
    let (first, rest): (Vec<Member>, Vec<Member>) = members.iter().cloned().partition(is_canary);
    let size = size.unwrap_or(rest.len()).max(1);
    let wave = |members: Vec<Member>, is_canary| Wave { members, is_canary };
    let mut waves = Vec::new();
    if !first.is_empty() {
        waves.push(wave(first, true));
    }
    waves.extend(rest.chunks(size).map(|part| wave(part.to_vec(), false)));
    waves
}

#[cfg(test)]
mod tests {
    use super::super::file::read;
    use super::*;

    fn in_words(canaries: &[&str], size: Option<usize>) -> Vec<String> {
        let text = "schema: aws-auth-migrate/fleet/v1\ndefaults: {region: eu-west-1}\nclusters: [{name: a}, {name: b}, \
                    {name: c, canary: true}, {name: dev-1}, {name: e}, {name: f}]\n";
        let fleet = read(text, std::path::Path::new("")).unwrap();
        let canaries: Vec<Glob> = canaries.iter().map(|text| Glob::new(text)).collect();
        let waves = waves(&fleet.members, &canaries, size);
        let names = |wave: &Wave| -> String {
            let names: Vec<&str> = wave.members.iter().map(|one| one.name.as_str()).collect();
            let mark = if wave.is_canary { "canary " } else { "" };
            format!("{mark}{}", names.join(" "))
        };
        waves.iter().map(names).collect()
    }

    #[test]
    fn canaries_go_first_and_the_rest_in_waves() {
        assert_eq!(in_words(&[], None), ["canary c", "a b dev-1 e f"]);
        assert_eq!(
            in_words(&["dev-*"], Some(2)),
            ["canary c dev-1", "a b", "e f"]
        );
        assert_eq!(
            in_words(&["*/eu-west-1/f"], Some(9)),
            ["canary c f", "a b dev-1 e"]
        );
        assert_eq!(in_words(&["*"], Some(2)), ["canary a b c dev-1 e f"]);
    }
}
