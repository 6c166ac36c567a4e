//! The CI job that runs the program, by its variables: the forge, the pull request, and the addresses that a comment links.

use servanda::render::link::Links;
use servanda::render::markdown::Forge;

use crate::process::context::Context;

/// The variables of a CI job.
#[derive(Default)]
pub(crate) struct CiJob {
    /// The forge.
    pub(crate) forge: Option<Forge>,
    /// The URL of its API.
    pub(crate) api: Option<String>,
    /// The repository, as the API names it.
    pub(crate) repository: Option<String>,
    /// The number of the pull request.
    pub(crate) pull_request: Option<u64>,
    /// The web page of the job.
    page: Option<String>,
    /// The address of a line of a file, with places for commit, path and line.
    file: Option<String>,
}

impl CiJob {
    /// Reads the variables; outside of a job, nothing is known.
    pub(crate) fn of_environment() -> Self {
        let variable = Context::variable;
        let is_set = |name: &str| variable(name).is_some();
        if is_set("GITLAB_CI") {
            return Self {
                forge: Some(Forge::GitLab),
                api: variable("CI_API_V4_URL"),
                repository: variable("CI_PROJECT_ID"),
                pull_request: variable("CI_MERGE_REQUEST_IID").and_then(|number| number.parse().ok()),
                page: variable("CI_JOB_URL"),
                file: variable("CI_PROJECT_URL").map(|project| format!("{project}/-/blob/{LINE}")),
            };
        }
        if !is_set("GITHUB_ACTIONS") && !is_set("GITEA_ACTIONS") && !is_set("FORGEJO_ACTIONS") {
            return Self::default();
        }
        let is_gitea = is_set("GITEA_ACTIONS") || is_set("FORGEJO_ACTIONS");
        let repository = variable("GITHUB_REPOSITORY");
        let project = variable("GITHUB_SERVER_URL").zip(repository.clone());
        let project = project.map(|(server, repository)| format!("{server}/{repository}"));
        let page = project.clone().zip(variable("GITHUB_RUN_ID"));
        let blob = if is_gitea { "src/commit" } else { "blob" };
        let number = variable("GITHUB_REF")
            .and_then(|reference| reference.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok());
        Self {
            forge: Some(if is_gitea { Forge::Gitea } else { Forge::GitHub }),
            api: variable("GITHUB_API_URL"),
            repository,
            pull_request: number,
            page: page.map(|(project, run)| format!("{project}/actions/runs/{run}")),
            file: project.map(|project| format!("{project}/{blob}/{LINE}")),
        }
    }

    /// The addresses for a comment or a page, with that of the whole plan.
    pub(crate) fn links(&self, plan: Option<&str>) -> Links {
        let of_environment = || Context::variable("SERVANDA_PLAN_URL");
        let plan = plan.map(str::to_owned).or_else(of_environment);
        Links::new(self.page.as_deref(), plan.as_deref(), self.file.as_deref())
    }
}

/// A line of a file below the address at which a forge shows files.
const LINE: &str = "{commit}/{path}#L{line}";
