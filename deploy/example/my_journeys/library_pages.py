"""The library's pages. When the library changes them, only this file changes."""

from playwright.sync_api import expect


class Library:
    def __init__(self, reader, door):
        self.reader, self.page, self.door = reader, reader.page, door

    def enter(self):
        self.reader.go(self.door)
        expect(self.page.get_by_role("heading", name="Bell County Library")).to_be_visible()

    def sign_in(self):
        self.page.get_by_role("link", name="Sign in").click()
        self.page.get_by_label("Library card").fill(self.reader.account.username)
        self.page.get_by_label("PIN").fill(self.reader.account.password.reveal())
        self.page.get_by_role("button", name="Enter").click()
        expect(self.page.get_by_role("heading", name="Catalogue")).to_be_visible()

    def find(self, title):
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_role("button", name="Search").click()
        expect(self.page.get_by_role("list", name="Books").get_by_text(title)).to_be_visible()

    def borrow(self, title):
        self.page.get_by_role("button", name=f"Borrow {title}").click()
        expect(self.page.get_by_role("list", name="On loan").get_by_text(title)).to_be_visible()

    def sign_out(self):
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("link", name="Sign in")).to_be_visible()
