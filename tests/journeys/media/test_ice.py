"""How the looking for a way is read: several connections as one, and no credentials."""

from __future__ import annotations

from typing import Any

from firstbell.journeys.media.ice import IceCandidate, IceError, IceFacts, read_ice

BY_UDP, BY_TCP = "turn:relay:3478?transport=udp", "turn:relay:3478?transport=tcp"


def told(**changed: Any) -> dict[str, Any]:
    return {"gathering": "new", "dtls": "", "servers": [], "errors": [], "gathered": [], "received": [], **changed}


def test_facts_of_several_connections_are_merged_once() -> None:
    host = {"kind": "host", "protocol": "udp", "server": ""}
    first = told(gathering="complete", dtls="failed", servers=[BY_UDP], gathered=[host, host])
    second = told(gathering="gathering", dtls="connected", servers=[BY_UDP, BY_TCP], gathered=[host], received=[host])
    way = read_ice([first, second])
    assert (way.gathering, way.dtls, way.servers) == ("complete", "connected", (BY_UDP, BY_TCP))
    assert way.gathered == way.received == (IceCandidate(kind="host", protocol="udp"),)
    assert read_ice([]) == IceFacts()


def test_userinfo_of_a_server_address_is_dropped() -> None:
    error = {"server": "turn:name:word@relay:3478", "code": 401, "said": "Unauthorized"}
    way = read_ice([told(servers=["turn:name:word@relay:3478?transport=tcp"], errors=[error])])
    assert way.servers == (BY_TCP,)
    assert way.refusal == IceError(server="turn:relay:3478", code=401, said="Unauthorized")


def test_which_servers_may_still_answer() -> None:
    tls = "turns:relay:443"
    assert IceFacts(servers=(BY_UDP, BY_TCP, tls)).pending == (BY_TCP, tls)
    answered = IceFacts(
        servers=(BY_TCP, tls),
        errors=(IceError(server=BY_TCP, code=701),),
        gathered=(IceCandidate(kind="relay", protocol="tls", server=tls),),
    )
    assert answered.pending == ()


def test_udp_is_unanswered_only_if_it_was_asked() -> None:
    assert not IceFacts(servers=(BY_TCP,)).is_udp_unanswered
    assert IceFacts(servers=(BY_UDP,)).is_udp_unanswered
    assert IceFacts(servers=(BY_UDP,), errors=(IceError(server=BY_UDP, code=701),)).is_udp_unanswered
    assert not IceFacts(servers=(BY_UDP,), errors=(IceError(server=BY_UDP, code=401),)).is_udp_unanswered
