"""Posts, answers and comments: declared ones first, then by the markup."""

from __future__ import annotations

import time

import pytest

import scrapeq as sq
from scrapeq.extract import extract
from scrapeq.models import Content, Recipe

RECIPE = Recipe(main_text="off", page_fields=("comments",))
LONG = "I have had the very same thing with my own kettle for years"


def read(body: str) -> Content:
    page = f"<!doctype html><html lang=en><title>t</title><body>{body}"
    content = extract(page.encode(), url="http://f/", content_type="text/html", recipe=RECIPE)
    assert isinstance(content, Content)
    return content


def told(body: str) -> list[tuple[object, ...]]:
    names = ("author", "published_at", "text", "reply_to")
    return [tuple(one[name] for name in names) for one in read(body).comments]


JSON_LD = """<script type="application/ld+json">{"@type": "DiscussionForumPosting", "text": "<p>First</p><p>post</p>",
"author": {"@type": "Person", "name": "Ann Lee"}, "datePublished": "2021-03-12T10:00:00Z", "comment": [
{"@type": "Comment", "text": "An answer", "author": {"name": "Bo"}, "comment": {"@type": "Comment", "text": "Deeper"}},
{"@type": "Comment", "text": ""}]}</script>"""
MICRODATA = """<div itemscope itemtype="https://schema.org/QAPage"><div itemprop=mainEntity itemscope
itemtype="https://schema.org/Question"><h1 itemprop=name>Why?</h1><div itemprop=text>Why is it so?</div>
<div itemprop=suggestedAnswer itemscope itemtype="https://schema.org/Answer"><p itemprop=text>Because.</p>
<span itemprop=author itemscope itemtype="https://schema.org/Person"><b itemprop=name>Ann Lee</b></span>
<time itemprop=dateCreated datetime="2021-03-12">then</time></div></div></div>"""
FAQ = """<script type="application/ld+json">{"@type": "FAQPage", "mainEntity": [{"@type": "Question",
"name": "Is it good?", "acceptedAnswer": {"@type": "Answer", "text": "Yes."}}]}</script>"""


def post(number: int, author: str, text: str, more: str = "") -> str:
    return (
        f'<div class="post bg2" id="p{number}"><dl class="postprofile"><dt><a class="username" '
        f'href="./memberlist.php?u={number}">{author}</a></dt><dd class="profile-posts">Posts: 12</dd></dl>'
        f'<div class="postbody"><p class="author">» Sun Mar {number}, 2021 10:00 am</p>'
        f'<div class="content">{text}</div><div class="signature">my signature</div></div>{more}</div>'
    )


def test_declared_posts_and_what_they_answer():
    assert told(JSON_LD) == [
        ("Ann Lee", "2021-03-12T10:00:00+00:00", "First\npost", None),
        ("Bo", None, "An answer", 0),
        (None, None, "Deeper", 1),
    ]
    assert read(JSON_LD).sources["comments"] == "json-ld"


def test_a_question_and_its_answers():
    assert told(MICRODATA) == [
        (None, None, "Why is it so?", None),
        ("Ann Lee", "2021-03-12T00:00:00+00:00", "Because.", 0),
    ]
    assert read(MICRODATA).sources["comments"] == "microdata"


def test_posts_by_their_markup():
    body = "".join(post(day, name, f"{LONG} {day}") for day, name in [(7, "Ann"), (8, "Bo")])

    assert told(body) == [
        ("Ann", "2021-03-07T00:00:00+00:00", f"{LONG} 7", None),
        ("Bo", "2021-03-08T00:00:00+00:00", f"{LONG} 8", None),
    ]
    assert read(body).sources["comments"] == "blocks"


def test_replies_stand_within_what_they_answer():
    def comment(name: str, inner: str = "") -> str:
        return (
            f'<li class="comment depth-1"><cite class="fn">{name}</cite> says:'
            f'<time datetime="2021-03-12T10:00:00Z">a while ago</time><div class="comment-content"><p>{LONG}</p>'
            f'<p>Yours, {name}</p></div><button>Reply</button><ul class="children">{inner}</ul></li>'
        )

    body = f"<ol>{comment('Ann', comment('Bo', comment('Cy')))}{comment('Di')}</ol>"

    assert [(author, reply_to) for author, _, _, reply_to in told(body)] == [
        ("Ann", None),
        ("Bo", 0),
        ("Cy", 1),
        ("Di", None),
    ]
    assert told(body)[1][2] == f"{LONG}\nYours, Bo"


def test_the_markup_where_little_is_declared():
    posts = "".join(post(day, f"Name {day}", f"{LONG} {day}") for day in range(1, 9))

    assert len(told(JSON_LD + posts)) == 8
    assert read(JSON_LD + posts).sources["comments"] == "blocks"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(FAQ, id="what a site asks itself"),
        pytest.param(
            "".join(
                f'<article class="post"><h2><a href="/a{day}">A headline {day}</a></h2><a rel=author href=/ann>Ann'
                f' Lee</a> <time datetime="2021-03-1{day}">then</time><div class="content">{LONG}</div></article>'
                for day in range(5)
            ),
            id="a list of articles",
        ),
        pytest.param(
            '<div class="comments"><h3>Comments (0)</h3><a class=author href=/login>Sign in</a> to post a comment</div>',
            id="no comment yet",
        ),
        pytest.param(f"<p>{LONG}</p>" * 5, id="a page of words"),
        pytest.param("", id="nothing"),
    ],
)
def test_pages_without_comments(body):
    assert told(body) == []
    assert "comments" not in read(body).sources


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            '<div class="comment post reply answer message">by x 12 March 2021 ' * 50_000, id="deep"
        ),
        pytest.param(
            ("<div class=post><h1><a href=/x>" + "words " * 20) * 10_000,
            id="headings within each other",
        ),
        pytest.param(
            "<div class=comment>" + "<time datetime=2021-03-12>x</time>" * 50_000, id="times"
        ),
        pytest.param(
            '<script type="application/ld+json">'
            + '{"@type":"Comment","text":"x","author":"y","comment":[' * 5_000
            + "</script>",
            id="JSON-LD 5,000 deep",
        ),
    ],
)
def test_hostile_markup_is_bounded(body):
    """Of CPU: a page takes 10 s at most, and these take one."""
    began = time.process_time()

    read(body)

    assert time.process_time() - began < 10


def test_nobody_asked():
    content = extract(
        JSON_LD.encode(), url="http://f/", content_type="text/html", recipe=Recipe(main_text="off")
    )

    assert isinstance(content, Content)
    assert content.comments == []


def test_a_page_that_is_tried_out_has_them_as_a_frame():
    page = sq.read_page(f"<html><body>{JSON_LD}</body></html>", url="http://f/")

    frame = page.comments
    assert list(frame) == ["position", "author", "published_at", "text", "reply_to"]
    assert frame["author"].fillna("").tolist() == ["Ann Lee", "Bo", ""]
    assert frame["reply_to"].fillna(-1).tolist() == [-1, 0, 1]
    assert str(frame["published_at"].dtype) == "datetime64[us, UTC]"
