"""How Bitbucket tells a push: Cloud's `repo:push`, Data Center's `repo:refs_changed`."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from alertops.lib.sayings import saying
from brokers.logic.push.facts import Change, Commit, Push, RepositoryFacts, name_of, oldest_first
from brokers.logic.push.spot import Spot, host_of, without_credentials

CLOUD = "bitbucket.org"
UNTOLD = "bitbucket-server"  # the host where a Data Center sends no links
KINDS: dict[str, Literal["branch", "tag"]] = {
    "branch": "branch",
    "named_branch": "branch",
    "bookmark": "branch",
    "tag": "tag",
    "annotated_tag": "tag",
}
NO_BRANCH = saying("%(path)s: is missing, and old as well: one of them tells the branch.", within=["path"])


def read_cloud(root: Spot) -> Push:
    """Read `repo:push`. Its commits come newest first, five at most, and without their files."""
    repository = root.at("repository").object()
    full_name = repository.at("full_name").full_name()
    owner, _slash, slug = full_name.rpartition("/")
    return Push(
        host=CLOUD,
        kind="bitbucket",
        full_name=full_name,
        repository=RepositoryFacts(
            name=repository.at("name").text() or slug,
            owner=owner,
            slug=slug,
            url=f"https://{CLOUD}/{full_name}",
            website=repository.at("website").url(),
            is_private=repository.at("is_private").known_flag(),
            is_fork=repository.at("parent").is_object,
            scm=repository.at("scm").text() or "git",
        ),
        pusher=_user(root.at("actor")),
        changes=tuple(_cloud_changes(root.at("push").object().at("changes").needed_elements())),
        files_known=False,
    )


def _cloud_changes(spots: Iterable[Spot]) -> Iterable[Change]:
    for spot in spots:
        old, new = spot.object().at("old"), spot.at("new")
        for side in (old, new):
            if side.value is not None:
                side.object()
        if not old.is_object and not new.is_object:
            raise new.refuse(NO_BRANCH)
        ref = new if new.is_object else old
        kind = KINDS.get(ref.at("type").name())
        if kind:
            yield _cloud_change(spot, ref, kind)


def _cloud_change(spot: Spot, ref: Spot, kind: Literal["branch", "tag"]) -> Change:
    old, new = spot.at("old"), spot.at("new")
    has_commits = kind == "branch" and new.is_object
    commits = [_cloud_commit(one.object()) for one in spot.at("commits").elements()] if has_commits else []
    return Change(
        kind=kind,
        name=ref.at("name").name(),
        is_created=not old.is_object,
        is_deleted=not new.is_object,
        is_forced=spot.at("forced").flag(),
        is_truncated=spot.at("truncated").flag(),
        old=old.at("target", "hash").hash_or_none(),
        new=new.at("target", "hash").hash_or_none(),
        compare_url=spot.at("links", "html", "href").url(),
        commits=tuple(reversed(commits)),
    )


def _cloud_commit(spot: Spot) -> Commit:
    author = spot.at("author")
    raw = author.at("raw").text()
    user = _user(author.at("user")) or _user(author)
    parents = [parent.at("hash").hash_or_none() for parent in spot.at("parents").elements()]
    return Commit(
        node=spot.at("hash").hash(),
        message=spot.at("message").message(),
        author=user or name_of(raw),
        raw_author=raw or author.at("display_name").text() or user,
        at=spot.at("date").time(),
        parents=tuple(filter(None, parents)),
        url=spot.at("links", "html", "href").url(),
    )


def _user(spot: Spot) -> str:
    """Return the user name; Cloud sent `username` until 2019."""
    return next(filter(None, (spot.at(key).text() for key in ("nickname", "username", "display_name"))), "")


def read_data_center(root: Spot) -> Push:
    """Read `repo:refs_changed`. Older versions tell tips only; newer ones the newest commits, 5 as a rule.

    In which order is not written anywhere: their parents tell it.
    Source: https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html; payloads of 2023 in
    public tests, where a commit's author has a name and an address, and no user name.
    """
    repository = root.at("repository").object()
    project = repository.at("project").object()
    slug = repository.at("slug").name()
    full_name = Spot(f"{project.at('key').name()}/{slug}", repository.at("slug").path).full_name()
    url = _page(repository)
    is_public = repository.at("public").known_flag()
    actor = root.at("actor")
    spots = [spot.object() for spot in root.at("changes").needed_elements()]
    changes = [_data_center_change(spot) for spot in spots]
    return Push(
        host=host_of(url) or UNTOLD,
        kind="bitbucket_data_center",
        full_name=full_name,
        repository=RepositoryFacts(
            name=repository.at("name").text() or slug,
            owner=full_name.partition("/")[0],
            slug=slug,
            url=url,
            is_private=None if is_public is None else not is_public,
            is_fork=repository.at("origin").is_object,
            scm=repository.at("scmId").text() or "git",
        ),
        pusher=actor.at("slug").text() or actor.at("name").text(),
        changes=tuple(_with_commits(root, [change for change in changes if change])),
        files_known=False,
    )


def _page(repository: Spot) -> str:
    """Return the address of a repository's page, or "" where no links are sent."""
    href = repository.at("links", "self", 0, "href").url()
    return without_credentials(href).removesuffix("/browse") if href else ""


def _data_center_change(spot: Spot) -> Change | None:
    ref = spot.at("ref").object()
    kind = KINDS.get(ref.at("type").name().lower())
    if not kind:
        return None
    old, new = spot.at("fromHash").tip(), spot.at("toHash").tip()
    sent = spot.at("type").text()
    return Change(
        kind=kind,
        name=ref.at("displayId").name(),
        is_created=sent == "ADD" or not old,
        is_deleted=sent == "DELETE" or not new,
        old=old,
        new=new,
    )


def _with_commits(root: Spot, changes: list[Change]) -> Iterable[Change]:
    """Give the commits, which are sent for the whole push, to the branch that was updated.

    With several branches nobody says whose they are: each goes to the branches whose tip leads to it.
    """
    branches = [change for change in changes if change.kind == "branch" and not change.is_deleted]
    sent = [_data_center_commit(spot.object()) for spot in root.at("commits").elements()]
    commits = oldest_first(sent, [change.new for change in branches])
    by_node = {commit.node: commit for commit in commits}
    shared = {id(change) for change in branches[:MOST_SHARING]}
    for change in changes:
        if id(change) not in shared:
            yield change
            continue
        reached = set(by_node) if len(branches) == 1 else _reached(change.new, by_node)
        mine = [commit for commit in commits if commit.node in reached]
        yield _filled(change, mine)


def _filled(change: Change, commits: list[Commit]) -> Change:
    """Add commits; the list is cut where it is long and does not begin where the branch stood before."""
    begins = any(not commit.parents or change.old in commit.parents for commit in commits)
    return replace(change, commits=tuple(commits), is_truncated=len(commits) >= LONG_LIST and not begins)


MOST_SHARING = 50  # branches that the commits of a push are looked for on
LONG_LIST = 5  # commits; Data Center does not say when it cuts


def _reached(tip: str | None, by_node: dict[str, Commit]) -> set[str]:
    """Return the hashes of listed commits that a tip leads to."""
    found: set[str] = set()
    left = [tip] if tip else []
    while left:
        node = left.pop()
        if node in by_node and node not in found:
            found.add(node)
            left += by_node[node].parents
    return found


def _data_center_commit(spot: Spot) -> Commit:
    author = spot.at("author")
    name, mail = author.at("name").text(), author.at("emailAddress").text()
    parents = [parent.at("id").hash_or_none() for parent in spot.at("parents").elements()]
    return Commit(
        node=spot.at("id").hash(),
        message=spot.at("message").message(),
        author=author.at("slug").text() or name,
        raw_author=f"{author.at('displayName').text() or name} <{mail}>" if mail else name,
        at=spot.at("authorTimestamp").time(),
        parents=tuple(filter(None, parents)),
    )
