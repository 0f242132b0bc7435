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
deadline = "90s"                      # after this an attempt is ended by force

[store]
url = "./evidence"                    # or "s3://your-bucket/firstbell"

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
#
# [classroom]
# title = "Grade 3 Reading"
# meeting_code = "env:FIRSTBELL_MEETING_CODE"
"""
