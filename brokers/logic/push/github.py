"""How GitHub tells a push, and those that followed its example: Gitea (Forgejo) and Gogs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from brokers.logic.push.facts import Change, Commit, Push, RepositoryFacts, name_of, oldest_first
from brokers.logic.push.spot import NO_PAGE, Spot, host_of, without_credentials

MOST_LISTED = 2048  # commits in a push of GitHub
REFS: dict[str, Literal["branch", "tag"]] = {"refs/heads/": "branch", "refs/tags/": "tag"}
FILES = {"added": "added", "modified": "modified", "removed": "removed"}


def read_github(root: Spot) -> Push:
    """Read a push of GitHub. Its commits come oldest first; it says which were pushed before."""
    return _read(root, "github", _github_is_cut)


def read_gitea(root: Spot) -> Push:
    """Read a push of Gitea or Forgejo. Its commits come newest first, cut, with the number of all.

    Source: https://github.com/go-gitea/gitea/issues/21252 (the order; never changed).
    """
    return _read(root, "gitea", _gitea_is_cut)


def read_gogs(root: Spot) -> Push:
    """Read a push of Gogs."""
    return _read(root, "gogs", _gitea_is_cut)


def change_of(
    root: Spot, *, is_cut: Callable[[Spot, int], bool], compare_url: str, total: int | None
) -> Iterable[Change]:
    """Read the one change of a push that names its ref; of a ref that is no branch or tag, none."""
    ref = root.at("ref").name()
    prefix = next((known for known in REFS if ref.startswith(known)), "")
    if not prefix:
        return
    kind = REFS[prefix]
    old, new = root.at("before").tip(), root.at("after").tip()
    listed = root.at("commits").elements() if kind == "branch" and new else []
    commits = [commit_of(spot.object()) for spot in listed]
    yield Change(
        kind=kind,
        name=Spot(ref.removeprefix(prefix), root.at("ref").path).name(),
        is_created=root.at("created").flag() or old is None,
        is_deleted=root.at("deleted").flag() or new is None,
        is_forced=root.at("forced").flag(),
        is_truncated=is_cut(root, len(commits)),
        old=old,
        new=new,
        compare_url=compare_url,
        commits=oldest_first(commits, [new]),
        total=total if commits else None,
    )


def commit_of(spot: Spot) -> Commit:
    """Read a commit as GitHub, GitLab, Gitea and Gogs write it: with its files, without its parents."""
    author = spot.at("author")
    name, mail = author.at("name").text(), author.at("email").text()
    raw = f"{name} <{mail}>" if mail else name
    return Commit(
        node=spot.at("id").hash(),
        message=spot.at("message").message(),
        author=author.at("username").text() or name_of(raw),
        raw_author=raw,
        at=spot.at("timestamp").time(),
        files=tuple(_files(spot)),
        url=spot.at("url").url(),
        is_distinct=spot.at("distinct").value is not False,
    )


def _files(spot: Spot) -> Iterable[tuple[str, str]]:
    for key, kind in FILES.items():
        names = spot.at(key).value
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str):
                yield name, kind


def _read(root: Spot, kind: Literal["github", "gitea", "gogs"], is_cut: Callable[[Spot, int], bool]) -> Push:
    repository = root.at("repository").object()
    full_name = repository.at("full_name").full_name()
    owner, _slash, slug = full_name.rpartition("/")
    page = repository.at("html_url").url() or repository.at("url").url()
    if not page:
        raise repository.at("html_url").refuse(NO_PAGE)
    url = without_credentials(page)
    return Push(
        host=host_of(url),
        kind=kind,
        full_name=full_name,
        repository=RepositoryFacts(
            name=repository.at("name").text() or slug,
            owner=owner,
            slug=slug,
            url=url,
            website=repository.at("homepage").url() or repository.at("website").url(),
            is_private=repository.at("private").known_flag(),
            is_fork=repository.at("fork").known_flag(),
        ),
        pusher=_pusher(root),
        changes=tuple(
            change_of(
                root,
                is_cut=is_cut,
                compare_url=root.at("compare").url() or root.at("compare_url").url(),
                total=root.at("total_commits").count(),
            )
        ),
    )


def _pusher(root: Spot) -> str:
    """Return who pushed. GitHub has a name in `pusher`, Gitea and Gogs a user name beside the full one."""
    places: Mapping[str, tuple[str, ...]] = {"pusher": ("login", "username", "name"), "sender": ("login",)}
    found = (root.at(place, key).text() for place, keys in places.items() for key in keys)
    return next(filter(None, found), "")


def _github_is_cut(_root: Spot, listed: int) -> bool:
    return listed >= MOST_LISTED


def _gitea_is_cut(root: Spot, listed: int) -> bool:
    return bool(listed) and (root.at("total_commits").count() or 0) > listed
