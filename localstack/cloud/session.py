"""What `make up` says when there is something to look at: where everything is, two people to log in as, and a session to paste."""

from __future__ import annotations

from cloud.settings import Record, Settings

_PASTE = """\
API={api}api/v1
PHOTO=localstack/cloud/demo/pictures/admiral.jpg
pick() {{ python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }}
post() {{ curl -sS -X POST -H 'Content-Type: application/json' "$@"; }}

# Two people: one who takes pictures and one who looks at them.
ANNA=anna_$RANDOM BERT=bert_$RANDOM
post "$API/auth/register" -d '{{"username":"'$ANNA'","email":"'$ANNA'@example.org","password":"correct horse battery"}}'; echo
post "$API/auth/register" -d '{{"username":"'$BERT'","email":"'$BERT'@example.org","password":"correct horse battery"}}'; echo
SESSION=$(post "$API/auth/login" -d '{{"login":"'$ANNA'","password":"correct horse battery"}}')
ANNA_ID=$(pick user_id <<<"$SESSION") ANNA_TOKEN=$(pick access_token <<<"$SESSION")
BERT_TOKEN=$(post "$API/auth/login" -d '{{"login":"'$BERT'","password":"correct horse battery"}}' | pick access_token)

# Bert follows Anna; Anna creates a draft photo and posts its bytes straight to S3.
post "$API/users/$ANNA_ID/follow" -H "Authorization: Bearer $BERT_TOKEN"; echo
SIZE=$(wc -c <"$PHOTO")
DRAFT=$(post "$API/photos" -H "Authorization: Bearer $ANNA_TOKEN" -H "Idempotency-Key: $RANDOM$RANDOM" \\
  -d '{{"caption":"First light #morning","media":[{{"content_type":"image/jpeg","size":'$SIZE',"alt":"A butterfly"}}]}}')
PHOTO_ID=$(pick photo_id <<<"$DRAFT")
python3 -c 'import json,sys; up=json.load(sys.stdin)["uploads"][0]
for name, value in up["fields"].items(): print("form-string =", json.dumps(name + "=" + value))
print("url =", json.dumps(up["url"]))' <<<"$DRAFT" >/tmp/lambdagram-form
curl -sS -K /tmp/lambdagram-form -F "file=@$PHOTO"

# Anna proves her address by the mail that she got (`make mail` shows it), and logs in by it.
for try in $(seq 50); do
  LINK=$(make -s mail | grep -A9 "$ANNA@" | grep -o 'prove#[^ ]*' | tail -1); [ "$LINK" ] && break || sleep 0.2
done
post "$API/auth/email" -d '{{"token":"'${{LINK#*#}}'"}}'
post "$API/auth/login" -d '{{"login":"'$ANNA'@example.org","password":"correct horse battery"}}'; echo

# Wait for the renditions, then Bert's feed, a like, and Anna's notifications.
for try in $(seq 100); do
  STATUS=$(curl -sS "$API/photos/$PHOTO_ID" -H "Authorization: Bearer $ANNA_TOKEN" | pick status)
  [ "$STATUS" = processing ] && sleep 0.2 || break
done; echo "$STATUS"
sleep 1; curl -sS "$API/feed?count=20" -H "Authorization: Bearer $BERT_TOKEN"; echo
post "$API/photos/$PHOTO_ID/like" -H "Authorization: Bearer $BERT_TOKEN"; echo
sleep 1; curl -sS "$API/notifications" -H "Authorization: Bearer $ANNA_TOKEN"; echo
"""


def text(settings: Settings, seconds: float, *, demo: bool) -> str:
    """Where everything is and how to use it; with the demo's accounts if it is seeded."""
    record = Record.load(settings.state)
    opened = "Open in a browser:" if record.get("client") else "There is no web client here. Pictures and API:"
    lines = ["", f"  Up in {seconds:.0f} s. {opened}", "", f"    {record['cdn_url']}", ""]
    if demo:
        lines.append(f"    {_accounts()}")
    lines.append(f"    The API alone: {record['api_url']}")
    return "\n".join([*lines, "", "  A session to paste (bash, in this directory):", "", paste(record["api_url"])])


def paste(api: str) -> str:
    """Register, log in, follow, upload, prove an address, read the feed, like, read notifications: with curl."""
    return _PASTE.format(api=api)


def _accounts() -> str:
    from cloud import demo_world

    names = [person.username for person in demo_world.build().guides]
    return f"Log in as {' or '.join(names)}, password {demo_world.PASSWORD}"
