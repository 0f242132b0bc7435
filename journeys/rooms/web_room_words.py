"""The words of a web room: where each part of its pages is, for any product that people join by browser."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.journeys.adapters.words import Look, Word, plain, word


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRoomWords:
    """The words of a web room. An empty word stands for a part that the product does not have."""

    address: str = plain("", "The room's address, if not `url`; {title}, {name} and {code} are filled in.")
    host_address: str = plain("", "The host's address, where it is another one.")
    open_button: Word = word("", Look.PRESS, "What leads from that page, or the class's page, to the room.", "title")
    opens_in: str = plain("tab", "Where the room opens: in the same tab, or a new tab or window.", "tab", "window")
    frame: Word = word("", Look.FRAME, "The frame in which the room is.")

    dismiss_button: Word = word("", Look.PRESS, "Closes a cookie notice or a hint that may be in the way.")
    browser_button: Word = word("", Look.PRESS, "Stays in the browser where an app is offered.")
    name_field: Word = word("", Look.FIELD, "The field for one's name.")
    code_field: Word = word("", Look.FIELD, "The field for the code of the room.")
    camera_on_button: Word = word("", Look.PRESS, "Turns the camera on before joining; there only while it is off.")
    microphone_on_button: Word = word("", Look.PRESS, "Turns the microphone on before joining; the same.")
    join_button: Word = word("", Look.PRESS, "Joins, or asks to be let in.")
    waiting: Word = word("", Look.TEXT, "The sign that the person waits to be let in.")
    refused: Word = word("", Look.TEXT, "The sign that the person is not let in.")
    requests_button: Word = word("", Look.PRESS, "Opens the host's list of people who wait.")
    admit_button: Word = word("", Look.PRESS, "Lets a person in.", "name")
    inside: Word = word("", Look.TEXT, "The sign that the person is in the room; needed.")

    audio_button: Word = word("", Look.PRESS, "Chooses the microphone in a dialog that comes after joining.")
    echo_button: Word = word("", Look.PRESS, "Confirms the echo test that follows.")
    camera_button: Word = word("", Look.PRESS, "Shares the camera after joining.")
    camera_confirm_button: Word = word("", Look.PRESS, "Confirms it in a dialog.")

    people_button: Word = word("", Look.PRESS, "Opens the list of participants.")
    people: Word = word("", Look.LIST, "The list of participants, or its rows.")
    person_name: str = plain("", "A CSS selector of the name in a row, where a row has other words too.")
    person_attribute: str = plain("", "An attribute of a row that holds the name.")
    people_count: Word = word("", Look.TEXT, "A text that counts the participants.")

    chat_button: Word = word("", Look.PRESS, "Opens the chat.")
    chat_field: Word = word("", Look.FIELD, "The field for a line of the chat.")
    send_button: Word = word("", Look.PRESS, "Sends it; without this word, the Enter key does.")
    chat_messages: Word = word("", Look.TEXT, "The list of what was said, or its rows.")

    hand_button: Word = word("", Look.PRESS, "Raises a hand.")
    raised_hand: Word = word("", Look.TEXT, "The sign that a person has a hand up.", "name")

    leave_button: Word = word("", Look.PRESS, "Leaves; needed.")
    leave_confirm_button: Word = word("", Look.PRESS, "Confirms it, where the product asks.")
    left: Word = word("", Look.TEXT, "The sign that the person has left.")
    end_menu_button: Word = word("", Look.PRESS, "Opens the menu in which the host ends the class.")
    end_button: Word = word("", Look.PRESS, "Ends the class for everyone; without this word the host leaves.")
    end_confirm_button: Word = word("", Look.PRESS, "Confirms it, where the product asks.")
