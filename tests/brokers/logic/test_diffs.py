"""What of a diff is shown."""

import json

from brokers.logic.diffs import MAX_LENGTH, MOST_LINES, read_diff

TEXT = """diff --git a/README.md b/README.md
index 1234567..89abcde 100644
--- a/README.md
+++ b/README.md
@@ -1 +1 @@
-Hello
+Grüße
"""
BINARY = """diff --git a/logo.png b/logo.png
index 1234567..89abcde 100644
GIT binary patch
literal 4711
zcmV;a0000...
"""
DIFFER = """diff --git a/photo.jpg b/photo.jpg
Binary files a/photo.jpg and b/photo.jpg differ
"""


def test_text_is_shown_as_it_is():
    assert read_diff(TEXT.encode()).text == TEXT.strip("\n")


def test_binary_files_are_left_out_and_named():
    diff = read_diff((BINARY + TEXT + DIFFER).encode())

    assert diff.binary == ("logo.png", "photo.jpg")
    assert diff.text == TEXT.strip("\n")


def test_bytes_that_are_no_utf8_are_read_line_by_line():
    diff = read_diff(TEXT.encode() + "+naïve café\n".encode("latin-1"))

    assert "+Grüße" in diff.text
    assert "+naïve café" in diff.text


def test_what_is_not_seen_but_changes_what_is_goes():
    diff = read_diff(b"diff --git a/x b/x\n+access\xe2\x80\xae = false\x00\x1b[2J\n")

    assert diff.text.endswith("+access = false[2J")


def test_a_long_diff_is_cut_by_its_lines_and_by_its_length():
    many = read_diff(("diff --git a/x b/x\n" + "+x\n" * 100_000).encode())
    wide = read_diff(("diff --git a/x b/x\n" + ("+" + "y" * 100_000 + "\n") * 300).encode())

    assert many.is_cut
    assert many.text.count("\n") < MOST_LINES
    assert wide.is_cut
    assert len(wide.text) <= MAX_LENGTH


def test_the_list_of_gitlab_becomes_a_diff():
    files = [
        {"old_path": "a.txt", "new_path": "b.txt", "diff": "@@ -1 +1 @@\n-a\n+b\n"},
        {"old_path": "big.txt", "new_path": "big.txt", "diff": "", "too_large": True},
        {"old_path": "x.bin", "new_path": "x.bin", "diff": "Binary files a/x.bin and b/x.bin differ\n"},
        "junk",
    ]

    diff = read_diff(json.dumps(files).encode())

    assert "diff --git a/a.txt b/b.txt\n--- a/a.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-a\n+b" in diff.text
    assert "too large: GitLab left this file out" in diff.text
    assert diff.binary == ("x.bin",)


def test_of_an_answer_that_was_cut_what_is_whole_is_read_and_said_to_be_cut():
    files = [{"old_path": name, "new_path": name, "diff": f"@@ -1 +1 @@\n+{name}\n"} for name in ("a", "b")]

    unified, listed = (
        read_diff(body[:-20], is_cut=True) for body in (TEXT.encode(), json.dumps(files).encode())
    )

    assert (unified.is_cut, listed.is_cut) == (True, True)
    assert "diff --git a/README.md b/README.md" in unified.text
    assert listed.text.endswith("+a")
    assert read_diff(b'[{"old_path": "a", "diff": "', is_cut=True).text == ""


def test_an_empty_answer_is_an_empty_diff():
    assert read_diff(b"") == read_diff(b"\n")
    assert read_diff(b"").text == ""
