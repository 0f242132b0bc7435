"""The words of the formats of evidence: values that a page chose and that are such words are no secrets.

A page may name a cookie's value or a hidden password `message`. If it were removed everywhere, so would be the key
`message` of each line of the trace, which no viewer could open then. The words are those of traces of Playwright 1.65
(version 10), of HAR 1.2, of our own files, and of HTML; a test compares them with a trace of a real browser.
"""

from __future__ import annotations

from collections.abc import Iterable

from firstbell.artifacts.redaction.known_secrets import KnownSecrets

_TRACE = """
context-options before after input log event console error screencast-frame resource-snapshot frame-snapshot stdout
stderr version type origin library testRunner browserName chromium firefox webkit playwrightVersion options platform
wallTime monotonicTime sdkLanguage python javascript testIdAttributeName contextId channel title callId startTime
endTime apiName stepId parentId pageId beforeSnapshot inputSnapshot afterSnapshot class method params result stack
group point attachments annotations message messageType location lineNumber columnNumber args preview value sha1 width
height timestamp frameSwapWallTime snapshot snapshotName frameId frameUrl doctype html viewport collectionTime
resourceOverrides ref isMainFrame time url text file line column function name path contentType base64 box files stacks
trace.trace trace.network trace.stacks resources screencast src networks_file jsonl state cause data binary opcode
BrowserContext Browser Page Frame Locator ElementHandle JSHandle Tracing Dialog Keyboard Mouse Touchscreen Request
Response Route WebSocket Worker Artifact Download Video APIRequestContext navigate goto reload goBack goForward click
dblclick hover tap fill press type check uncheck selectOption setInputFiles waitForSelector waitForFunction
waitForTimeout waitForEventInfo waitForLoadState waitForURL evaluateExpression evaluateExpressionHandle evalOnSelector
evalOnSelectorAll querySelector querySelectorAll queryCount textContent innerText innerHTML getAttribute inputValue
isVisible isHidden isEnabled isDisabled isChecked isEditable screenshot content setContent expect newPage close
addInitScript addCookies clearCookies storageState tracingGroup tracingGroupEnd keyboardType keyboardPress mouseMove
selector strict timeout waitUntil expression isFunction arg isNot expectedText expectedValue force position button
clickCount modifiers noWaitAfter info waitId phase received matches load domcontentloaded networkidle commit
internal:role internal:text internal:label internal:attr internal:control enter-frame visible hidden attached detached
acceptDownloads baseURL bypassCSP colorScheme deviceScaleFactor extraHTTPHeaders forcedColors geolocation hasTouch
httpCredentials ignoreHTTPSErrors isMobile javaScriptEnabled locale offline permissions proxy recordHar recordVideo
reducedMotion contrast screen serviceWorkers strictSelectors timezoneId userAgent selectorEngines noDefaultViewport
"""
_HAR = """
startedDateTime request response cookies headers queryString postData headersSize bodySize httpVersion statusText
status content redirectURL size mimeType compression encoding cache timings blocked dns connect ssl send wait receive
serverIPAddress connection pageref pages pageTimings onContentLoad onLoad entries creator browser comment log
_transferSize _securityDetails _serverPort _frameref _monotonicTime _failureText _resourceType _file _sha1
_apiRequest _wasAborted _wasFulfilled _wasContinued _wasFromServiceWorker _overrides _timings _initiator _priority
protocol subjectName issuer validFrom validTo HTTP/1.1 HTTP/2.0 GET POST HEAD PUT PATCH DELETE OPTIONS
text/html text/css text/plain text/javascript application/javascript application/json image/svg+xml image/png
image/jpeg image/webp image/gif font/woff2 application/octet-stream charset=utf-8 content-type content-length
content-encoding transfer-encoding cache-control last-modified set-cookie accept-language accept-encoding user-agent
authorization referer expires
"""
_OUR_OWN = """
schema firstbell.console/1 firstbell.network/1 firstbell.figures/1 firstbell.checks/1 lines kind tab host hosts answers
slowest_ms troubles clock_offset_s from_host page_host is_page waited_s meant_to_wait said samples pageerror dialog
warning debug document stylesheet image media font script texttrack xhr fetch eventsource websocket manifest other
failed
"""
_HTML = """
HTML HEAD BODY TITLE META LINK STYLE SCRIPT NOSCRIPT TEMPLATE SLOT MAIN HEADER FOOTER NAV SECTION ARTICLE ASIDE DIV
SPAN A P H1 H2 H3 H4 H5 H6 UL OL LI DL DT DD TABLE THEAD TBODY TFOOT TR TH TD CAPTION COLGROUP COL FORM FIELDSET LEGEND
LABEL INPUT BUTTON SELECT OPTION OPTGROUP TEXTAREA OUTPUT PROGRESS METER DETAILS SUMMARY DIALOG IFRAME VIDEO AUDIO
SOURCE TRACK CANVAS PICTURE IMG FIGURE FIGCAPTION SVG PATH CIRCLE RECT BR HR EM STRONG SMALL CODE PRE BLOCKQUOTE
id class style href src srcset alt title lang role type name value content charset http-equiv rel media action method
for placeholder autocomplete autofocus required disabled readonly checked selected multiple hidden tabindex width
height target download sandbox allow loading aria-label aria-labelledby aria-hidden aria-expanded viewBox xmlns
__playwright_value_ __playwright_checked_ __playwright_selected_ __playwright_scroll_top_ __playwright_scroll_left_
__playwright_src__ __playwright_target__ __playwright_custom_elements__ __playwright_current_src__
__playwright_bounding_rect__ __playwright_style_sheet_ __playwright_popover_open_ __playwright_dialog_open_
__playwright_shadow_root_ template shadowrootmode
"""
WORDS = frozenset(" ".join((_TRACE, _HAR, _OUR_OWN, _HTML)).split())


def without_words(values: Iterable[str], names: Iterable[str] = ()) -> set[str]:
    """Return the values whose removal changes neither a word of the formats nor one of some `names`, which a viewer
    needs too: those of a trace's members, and of hosts."""
    values = set(values)
    text = "\n".join(sorted({*WORDS, *names}))
    if not values or KnownSecrets(values).scrub(text) == text:
        return values
    return {value for value in values if KnownSecrets([value]).scrub(text) == text}
