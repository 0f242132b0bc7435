"""The configuration that `firstbell init` writes: it runs as it is, and shows in comments how to set up a district."""

STARTER = """\
#:schema ./.firstbell/firstbell.schema.json
# First Bell plays synthetic teachers and students. As it is, this file plays against the practice school, which
# First Bell starts by itself. Try it with:   firstbell run
# Then uncomment and change one part after the other. All keys are in docs/configuration.md.

[school]
name = "Practice School District"
timezone = "America/New_York"
practice = true                       # for a real district: delete this line, and fill in the services below
# journeys = ["my_journeys"]          # a folder next to this file with journeys of your own

[journeys.live-class]
every = "10m"                         # how often firstbell watch plays it; firstbell schedule lists the times
deadline = "90s"                      # the longest time for an attempt
# lead_in = { before_bell = "45m", every = "2m" }        # more often before each first bell; needs [[bells]]
# groups = ["elementary"]             # the groups whose bells and accounts it uses
# browser = "firefox"                 # instead of the one in [browser]

# [browser]
# name = "msedge"                     # chromium, firefox, webkit, chrome or msedge; firstbell browser find lists them

[store]
url = "./evidence"                    # or "s3://your-bucket/firstbell"

# --- the school's time ------------------------------------------------------------------------------------------
# With bells, journeys run in school hours, and rarely outside them. On a day without school each runs once.
#
# [[bells]]
# name = "regular"
# first_bell = { elementary = 08:00:00, middle = 08:45:00, high = 09:15:00 }      # or one time for all groups
# last_bell = 15:30:00
#
# [calendar]                          # firstbell calendar import reads your district's published calendar
# in_session = "mon-fri"
# term = "2026-08-24..2027-06-10"
# closed = ["2026-11-25..2026-11-27", "2026-12-21..2027-01-01"]
#
# [[calendar.days]]                   # a date with other bells, a snow day, or a day off
# dates = "2027-01-12"
# bells = "two-hour-delay"
# why = "Snow"
#
# [[maintenance]]                     # announced maintenance
# services = ["platform"]
# start = 2026-12-05T22:00:00
# end = 2026-12-06T04:00:00
# run = false                         # play no journeys that need the service
# why = "Upgrade of the learning platform"

# --- a real district --------------------------------------------------------------------------------------------
# Each service has an owner, who is named when it breaks. `kind` is the adapter that knows its pages.
#
# [services.edge]                     # the district's own network and portal
# owner = "District network team"
# contact = "noc@district.example"
# url = "https://portal.district.example"
# hosts = ["portal.district.example"]
#
# [services.sign-in]
# owner = "ClassLink"
# contact = "https://support.classlink.example"
# url = "https://launchpad.classlink.example/district"
# hosts = ["launchpad.classlink.example"]
# kind = "redirect"
#
# [services.platform]                 # the list of today's classes
# owner = "Contoso Learn"
# url = "https://learn.contoso.example"
# kind = "practice"
#
# [services.live-class]
# owner = "Contoso Live"
# url = "https://contoso-live.example"
# hosts = ["*.contoso-live.example"]
# kind = "practice"
#
# [services.plan-b]                   # the replacement when live classes are down
# owner = "District IT"
# url = "https://meet.district.example"
# kind = "meeting-code"
#
# Accounts of synthetic people, in a class of their own. A secret is never written here, only a reference to it.
#
# [accounts.teacher]
# username = "zz.teacher01"
# display_name = "Ms. Probe"
# password = "env:FIRSTBELL_TEACHER_PASSWORD"
#
# [accounts.student]
# username = "zz.student01"
# display_name = "Zz Student"
# password = "env:FIRSTBELL_STUDENT_PASSWORD"
# totp = "file:/etc/firstbell/student-totp"
# device = "iPad (gen 7)"             # the device of this person, by Playwright's name
# browser = "webkit"
#
# --- alarms -----------------------------------------------------------------------------------------------------
# A confirmed failure opens an incident. All failures of one service are one incident, and its routes are notified
# again when it closes. Test the channels with: firstbell alarm test     Test everything with: firstbell drill
#
# [alarms.mail]
# host = "smtp.district.example"
# port = 587
# encryption = "starttls"
# username = "firstbell"
# password = "env:FIRSTBELL_MAIL_PASSWORD"
# sender = "First Bell <firstbell@district.example>"
#
# [[alarms.routes]]
# name = "it-on-call"
# to = ["pagerduty:env:PAGERDUTY_KEY", "smtp:it@district.example"]
# escalate_after = "10m"              # without an acknowledgement
# escalate_to = ["head-of-it"]
#
# [[alarms.routes]]
# name = "head-of-it"
# to = ["teams:env:TEAMS_URL"]
#
# [[alarms.routes]]
# name = "parents"
# to = ["smtp:parents-list@district.example"]
# public = true                       # sent only after a person confirms it with: firstbell alarm publish
#
# [alarms.heartbeat]                  # an outside check, such as Healthchecks, that alarms when First Bell is silent
# url = "env:FIRSTBELL_HEARTBEAT"
#
# [classroom]                         # the class of the synthetic people
# title = "Grade 3 Reading"
# meeting_code = "env:FIRSTBELL_MEETING_CODE"
#
# --- diagnosis --------------------------------------------------------------------------------------------------
# Hosts are checked once a minute, and when something fails. Check them by hand with: firstbell probe
#
# [diagnosis]
# controls = ["https://www.example.com", "https://www.example.org"]    # if they fail too, this location is the cause
# resolver = "1.1.1.1"                # a second name server, asked as well as the system's
"""
