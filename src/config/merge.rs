//! Joins the files: sets of all, every other key of exactly one.

use super::json::{Kind, Member, Node};
use super::object::Object;
use super::problem::Problems;
use super::set::Draft;
use super::source::SourceFile;
use super::table::Section;

/// What the files say together.
pub(super) struct Gathered<'a> {
    /// The joined top level without `sets`; nothing if the main file cannot be used.
    pub top: Option<Object<'a>>,
    /// All sets, equal names included.
    pub sets: Vec<Member<'a>>,
    /// Drop-ins whose sets cannot be told.
    pub broken: Vec<Draft>,
}

/// Joins the files, the main one first. What cannot be joined is noted.
pub(super) fn gather<'a>(files: &'a [SourceFile], problems: &mut Problems) -> Gathered<'a> {
    let mut gathered = Gathered {
        top: None,
        sets: Vec::new(),
        broken: Vec::new(),
    };
    for (index, file) in files.iter().enumerate() {
        let root = match &file.document {
            Ok(document) => document.root(),
            Err(problem) => Err(problem.clone()),
        };
        let root = root.and_then(|root| match root.kind() {
            Kind::Object => Ok(root),
            _ => Err(root.wrong_kind("an object")),
        });
        match root {
            Ok(root) => gathered.add(file, &root, problems),
            Err(problem) if index == 0 => {
                problems.add(problem);
                return gathered;
            }
            Err(problem) => gathered
                .broken
                .push(Draft::broken(file.name.clone(), problem)),
        }
    }
    gathered
}

impl<'a> Gathered<'a> {
    fn add(&mut self, file: &SourceFile, root: &Node<'a>, problems: &mut Problems) {
        let Some(mut object) = Object::open(root, Section::Top, problems) else {
            return;
        };
        if let Some(node) = object.take("sets") {
            let mut of_sets = Problems::default();
            let expected = "an object of sets by name";
            let sets = node.every_member(expected, &mut of_sets);
            self.sets.extend(sets.unwrap_or_default());
            let broken = of_sets.errors.into_iter();
            self.broken
                .extend(broken.map(|problem| Draft::broken(file.name.clone(), problem)));
        }
        match &mut self.top {
            Some(top) => top.join(object, problems),
            None => self.top = Some(object),
        }
    }
}
