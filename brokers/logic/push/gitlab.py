"""How GitLab tells a push: `push` for a branch, `tag_push` for a tag."""

from dataclasses import replace

from brokers.logic.push.facts import Push, RepositoryFacts
from brokers.logic.push.github import change_of
from brokers.logic.push.spot import NO_PAGE, Spot, host_of, without_credentials

PUBLIC = 20  # visibility_level


def read_gitlab(root: Spot) -> Push:
    """Read a push. Its commits are the newest 20, with the number of all of them.

    They come oldest first, from some versions since 14 newest first: the branch's tip tells it.
    Source: https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events;
    https://github.com/openshift/openshift-apiserver/pull/504 (the order).
    """
    project = root.at("project") if root.at("project").is_object else root.at("repository").object()
    page = project.at("web_url").url() or project.at("homepage").url()
    if not page:
        raise project.at("web_url").refuse(NO_PAGE)
    url = without_credentials(page)
    full_name = _full_name(project, url)
    owner, _slash, slug = full_name.rpartition("/")
    level = project.at("visibility_level").count()
    facts = RepositoryFacts(
        name=project.at("name").text() or slug,
        owner=owner,
        slug=slug,
        url=url,
        is_private=None if level is None else level != PUBLIC,
        is_fork=None,
    )
    changes = change_of(root, is_cut=_is_cut, compare_url="", total=root.at("total_commits_count").count())
    return Push(
        host=host_of(url),
        kind="gitlab",
        full_name=full_name,
        repository=facts,
        pusher=root.at("user_username").text() or root.at("user_name").text(),
        changes=tuple(
            replace(change, compare_url=f"{url}/-/compare/{change.old}...{change.new}")
            if change.old and change.new
            else change
            for change in changes
        ),
    )


def _full_name(project: Spot, url: str) -> str:
    """Return the project's full name; GitLab before version 8.5 has it in its address only."""
    named = project.at("path_with_namespace")
    if named.value is not None:
        return named.full_name()
    return Spot(url.partition("://")[2].partition("/")[2], project.at("web_url").path).full_name()


def _is_cut(root: Spot, listed: int) -> bool:
    return bool(listed) and (root.at("total_commits_count").count() or 0) > listed
