"""Lucy and Bill share two seats with Olaf, by the client that was generated from the document."""

import json
import sys
from uuid import uuid4

from hotseat_client import AuthenticatedClient, Client
from hotseat_client.api.log_in import log_in
from hotseat_client.api.seats import sign_off, sign_on
from hotseat_client.models import Became, Code, LogIn, Problem, RequestView, SeatRequest

POOL = "infor-crm"


def logged_in(url, email, password):
    answer = log_in.sync(client=Client(base_url=url), body=LogIn(email=email, password=password))
    return AuthenticatedClient(base_url=url, token=answer.token)


def asks(client):
    body = SeatRequest(request_id=uuid4(), client="network")
    return sign_on.sync_detailed(POOL, client=client, body=body)


def main(url, people):
    lucy, bill, olaf = (logged_in(url, *person) for person in people)
    seats = [asks(client) for client in (lucy, bill)]
    for answer in seats:
        assert answer.status_code == 201, answer
        assert isinstance(answer.parsed, RequestView) and answer.parsed.became == Became.SEAT

    refused = asks(olaf)
    assert refused.status_code == 409, refused
    facts = refused.parsed
    assert isinstance(facts, Problem) and facts.code == Code.POOL_FULL, facts
    assert (facts.seats, facts.in_use, facts.waiting) == (2, 2, 0), facts
    assert [holder.user for holder in facts.holders] == ["Lucy", "Bill"], facts
    assert facts.legacy_message == "there are no concurrent licenses available for use", facts

    seat = seats[0].parsed
    given_back = sign_off.sync_detailed(seat.id, client=lucy, epoch=seat.epoch)
    assert given_back.status_code == 204, given_back
    assert asks(olaf).status_code == 201
    print("Olaf has the seat that Lucy gave back.")


main(sys.argv[1], json.loads(sys.argv[2]))
