"""What a push is, the same for every code host."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from alertops.lib.sayings import saying

Kind = Literal["bitbucket", "bitbucket_data_center", "github", "gitlab", "gitea", "gogs", "historic"]


THE_BODY = saying("The body")


class PushUnreadable(ValueError):
    """It is a push, but malformed; the text says what is wrong. path: where, like push^changes^0^new^name."""

    def __init__(self, path: str, template: str, **values: Any) -> None:
        super().__init__(template % {"path": path or THE_BODY, **values})
        self.path = path


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """What a push tells of its repository.

    url: its web page, without a slash at the end.  website: what its owner put there, or "".
    scm: "git" or "hg".  is_private, is_fork: None where the sender does not say.
    """

    name: str
    owner: str
    slug: str
    url: str
    website: str = ""
    is_private: bool | None = None
    is_fork: bool | None = None
    scm: str = "git"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. node: the whole hash.  author: user name, else the name, or "".  at: aware, or None.

    parents: whole hashes; empty where the sender does not tell them.  files: pairs of path and added,
    modified or removed.  is_distinct: False where the sender says it was pushed before.
    """

    node: str
    message: str = ""
    author: str = ""
    raw_author: str = ""
    at: datetime | None = None
    parents: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    url: str = ""
    is_distinct: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """What a push did to one branch or tag. name: "" where a historic push names none.

    old, new: whole hashes; None where there is none, or the sender does not say.
    commits: oldest first.  total: how many there were, where the sender says.
    """

    kind: Literal["branch", "tag"]
    name: str
    is_created: bool = False
    is_deleted: bool = False
    is_forced: bool = False
    is_truncated: bool = False
    old: str | None = None
    new: str | None = None
    compare_url: str = ""
    commits: tuple[Commit, ...] = ()
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """One push. host: of the repository's web page, in lower case, with its port where it has one.

    full_name: owner/slug.  pusher: user name, or "".  files_known: whether commits tell their files.
    """

    host: str
    kind: Kind
    full_name: str
    repository: RepositoryFacts
    pusher: str
    changes: tuple[Change, ...] = field(default=())
    files_known: bool = True

    @property
    def is_forced(self) -> bool:
        return any(change.is_forced for change in self.changes)

    @property
    def is_truncated(self) -> bool:
        return any(change.is_truncated for change in self.changes)

    @property
    def branches(self) -> tuple[str, ...]:
        """The names of the branches it touched, each once; deleted ones too."""
        return _distinct(change.name for change in self.branch_changes if change.name)

    @property
    def branch_changes(self) -> tuple[Change, ...]:
        """What it does to branches."""
        return tuple(change for change in self.changes if change.kind == "branch")


def commits_of(push: Push) -> tuple[str, ...]:
    """Return the hashes that are known after this push: what it lists, their parents, and the branches' tips.

    Look these up *before* they are stored: what was known then is `seen` of historic_payload.
    """
    branches = push.branch_changes
    listed = [commit for change in branches for commit in change.commits]
    return _distinct(
        [
            *(commit.node for commit in listed),
            *(parent for commit in listed for parent in commit.parents),
            *(tip for change in branches for tip in (change.old, change.new) if tip),
        ]
    )


def oldest_first(commits: Sequence[Commit], tips: Collection[str | None]) -> tuple[Commit, ...]:
    """Return commits oldest first, whichever way they were sent.

    A commit is younger than its parents, and a branch's tip is its youngest. Where neither tells, they are
    taken to be sent oldest first.
    """
    places = {commit.node: place for place, commit in enumerate(commits)}
    is_reversed = any(
        places.get(parent, -1) > place for place, commit in enumerate(commits) for parent in commit.parents
    )
    begins_with_tip = bool(commits) and commits[0].node in tips and commits[-1].node not in tips
    return tuple(reversed(commits)) if is_reversed or begins_with_tip else tuple(commits)


def name_of(raw_author: str) -> str:
    """Return the name in `Name <mail>`."""
    return raw_author.partition("<")[0].strip() or raw_author.strip()


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
