"""What `firstbell init` writes: a configuration that runs as it stands, and shows the way to a real district."""

STARTER = """\
#:schema ./.firstbell/firstbell.schema.json
# First Bell plays synthetic teachers and students. As written it plays against the practice school, which it
# starts by itself:   firstbell run      Then replace what is commented out, one part after the other.

[school]
name = "Practice School District"
timezone = "America/New_York"
practice = true                       # a real district: delete this line and fill in the services below
# journeys = ["my_journeys"]          # a folder beside this file with journeys of your own

[journeys.live-class]
every = "10m"                         # how often firstbell watch plays it; firstbell schedule shows when
deadline = "90s"                      # after this an attempt is ended by force
# lead_in = { before_bell = "45m", every = "2m" }        # more often before each first bell, once there are bells
# groups = ["elementary"]             # whose bells it follows, and whose accounts play
# browser = "firefox"                 # what its people play in, where not in the one of [browser]

# [browser]
# name = "msedge"                     # or chromium, firefox, webkit, chrome; firstbell browser find says which are here

[store]
url = "./evidence"                    # or "s3://your-bucket/firstbell"

# --- the school's time: with bells, journeys keep to school hours; on a day without school each runs once ----------
#
# [[bells]]
# name = "regular"
# first_bell = { elementary = 08:00:00, middle = 08:45:00, high = 09:15:00 }      # or one time for all
# last_bell = 15:30:00
#
# [calendar]                          # firstbell calendar import reads what your district publishes
# in_session = "mon-fri"
# term = "2026-08-24..2027-06-10"
# closed = ["2026-11-25..2026-11-27", "2026-12-21..2027-01-01"]
#
# [[calendar.days]]                   # a date that is different: other bells, a snow day, a day off with a reason
# dates = "2027-01-12"
# bells = "two-hour-delay"
# why = "Snow"
#
# [[maintenance]]                     # announced: journeys run or not, and history says why
# services = ["platform"]
# start = 2026-12-05T22:00:00
# end = 2026-12-06T04:00:00
# run = false
# why = "Upgrade of the learning platform"

# --- a real district --------------------------------------------------------------------------------------------
# Each service has an owner, who is named when it breaks, and a kind, which says how its pages work.
#
# [services.edge]                     # what students cross to reach you
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
# [services.platform]                 # where today's classes are listed
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
# [services.plan-b]                   # what you fall back to; try it before you need it
# owner = "District IT"
# url = "https://meet.district.example"
# kind = "meeting-code"
#
# Accounts of synthetic people in a class of their own. Secrets are references and never stand here.
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
# device = "iPad (gen 7)"             # what this person holds, by Playwright's names; so is browser = "webkit"
#
# --- who is told ------------------------------------------------------------------------------------------------
# A confirmed failure opens an incident; all that one service breaks is one, and its end is told to the same people.
# Try it with: firstbell alarm test     and the whole chain with: firstbell drill
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
# escalate_after = "10m"
# escalate_to = ["head-of-it"]
#
# [[alarms.routes]]
# name = "head-of-it"
# to = ["teams:env:TEAMS_URL"]
#
# [[alarms.routes]]
# name = "parents"
# to = ["smtp:parents-list@district.example"]
# public = true                       # a calm notice, once a person has confirmed it: firstbell alarm publish
#
# [alarms.heartbeat]                  # a check of Healthchecks, or whatever else notices that nobody calls any more
# url = "env:FIRSTBELL_HEARTBEAT"
#
# [classroom]
# title = "Grade 3 Reading"
# meeting_code = "env:FIRSTBELL_MEETING_CODE"
#
# --- whose part of the chain broke ------------------------------------------------------------------------------
# Hosts are looked at once a minute, and when something fails. Look for yourself with: firstbell probe
#
# [diagnosis]
# controls = ["https://www.example.com", "https://www.example.org"]    # gone as well: then it is this place
# resolver = "1.1.1.1"                # a second name server, asked beside the one in use
"""
