"""Titles of real school calendars, 2019 to 2027, in English and Spanish, and the kind of day that each proposes.

Copied from the calendars of Charles County, West Fargo, Fargo, North Thurston, Fairview, Newburg, Rochester, Eaton,
Newburyport, Rocky Point, Canyons, Newark and others; in Spanish of Walker, Moreno Valley, Chesapeake, Mexico and
Castilla-La Mancha. Those about some pupils, and the last six that propose nothing, are made
after them.
"""

from __future__ import annotations

import pytest

from firstbell.runner.schedule.ical_titles import ProposalKind, proposal_kind_of

CLOSED, SOME, EARLY = ProposalKind.CLOSED, ProposalKind.SOME, ProposalKind.EARLY

TITLES = {
    CLOSED: """
        Independence Day, schools and offices closed.
        Labor Day, schools and offices closed.
        Schools closed for students only; teacher workday (county/school professional development).
        Schools closed for students (parent-teacher conferences).
        Thanksgiving holiday break, schools and offices closed.
        New Year's Eve, schools closed.
        Dr. Martin Luther King, Jr.'s birthday observed, schools and offices closed.
        Labor Day, Student/Staff Holiday
        Staff/Student Holiday
        Professional Development, No School for Students
        Winter Break, Student/Staff Holiday
        MLK, Jr Day, Student/Staff Holiday
        Veteran's Day Observation, No School
        Administrative Convention, No School
        No School TCD 1 Conf and 2 PLC
        Teacher Grading Day
        Teacher Workshop Days
        Teacher professional development day
        Vacation Day
        Holiday Break
        MLK Break
        Labor Day Break
        MEA Break
        Fall/Thanksgiving Break
        Other Non-School Days
        Fall Break - No School
        Thanksgiving Vacation
        Christmas Vacation
        No Classes
        PD Day: School Closed for Students
        Four-Day Week: School Closed
        Staff Development Day/No School for Students
        NO SCHOOL; Holiday Break
        TEACHER IN-SERVICE
        COLLABORATION / WORK DAY
        THANKSGIVING HOLIDAY
        Superintendent’s Conference Day – No School for Students
        Superintendent’s Conf. Day
        Mid-Winter Recess
        No School - Compensatory Day
        No School - Spring Break Recess
        Staff Development Day 11– No Students*
        Dia de la Raza (Columbus Day)– No School
        Good Friday-Easter Monday- No School
        Good Friday School Closed
        Memorial Day Weekend– No School
        Labor Day – CLOSED
        Christmas Break – CLOSED
        President’s Day – CLOSED
        Labor day: no hay clases
        no hay clases
        vacaciones de otoño
        vacaciones de dia de gracias
        vacaciones de navidad
        Dia de MLK: no hay clases
        Vacaciones de primavera
        Día de trabajo del profesorado/día de servicio
        Día de los Veteranos (Observado) – Feriado
        Fiesta de Acción de Gracias
        Día de Martin Luther King, Jr. Day – Holiday
        Día de los Presidentes – Día festivo
        Día de trabajo de los maestros
        Día de la Memoria – Feriado
        Día del Trabajo (feriado legal)
        Días de Acción de Gracias, no hay clases
        Capacitación del personal
        Día festivo/Día del Trabajo
        día no lectivo
        Descanso de Navidad
        Descanso Semana Santa
        Vacaciones de Semana Santa y Primavera
        Receso escolar de invierno
        Receso de primavera
        DÍAS DE CAPACITACIÓN DOCENTE (CD)-(NO HAY CLASES PARA LOS ESTUDIANTES)
    """,
    SOME: """
        ELEM ONLY NO SCHOOL
        Elementary (K-5) Conferences: No School
        Parent Teacher Conferences - No School for grades PK-6
        No hay clases (sólo primaria)
        Día sin clases - grados 6-8
        Lincoln School Closed
    """,
    EARLY: """
        Two-hour early dismissal for students (interim prep/teacher planning 1).
        Early Release Days (for staff development): Fridays
        Early Release Day (K-8)
        Early Release @ 1:10 pm
        Last Day for Everyone – Early Dismissal at 1:00 PM
        Academic Collaboration Time (school releases 50 minutes early)
        Early Release Day for Thanksgiving Break
        Día de salida temprana (sólo primaria)
        Día de salida anticipada*
        Día de salida temprana/día de registros del maestro
        Salida temprano – Todos los estudiantes
        Día Mínimo, sólo estudiantes
    """,
    None: """
        Teachers return to work.
        Rosh Hashanah.
        Interims posted.
        Hanukkah begins.
        End of first quarter.
        Bad Weather Make Up Day
        Storm Makeup Day* (*if needed)
        Potential Snow Makeup Day
        District/Campus Offices Closed
        First Day of School for Grades 1-12
        Last day of school before winter break
        School reconvenes after winter break
        Offsite & Professional Learning Day: students learn from home, classes held online
        Graduation Day
        Back to School Night
        Classes Resume
        Last Day of Classes
        School Resumes
        Emergency Closing Giveback Day: If no emergency closings, school will be closed
        Halloween
        Daylight Saving Time Ends
        Valentine's Day
        CONFERENCES
        Parent/Teacher Conferences
        1st Day back from Christmas break
        Costume fee due
        Summer registration open
        Kindergarten Staggered Start
        Las escuelas vuelven a abrir
        primer dia de escuela
        regresar a clases
        ultimo dia de clases
        Fin del período de calificaciones (9-12)
        Exámenes (Si es apropiado)*
        Conferencia con los Padres
        LOS ESTUDIANTES REGRESAN
        Orientación de Nuevos Maestros
        Día del Maestro
        No School: Snow Day Make-Up
        CANCELED - No School
        No School (tentative)
        No School Holiday: Classes in Session
        Remote Learning Day - Schools Closed
        Sin clases (cancelado)
    """,
}


@pytest.mark.parametrize(
    ("kind", "title"),
    [(kind, title.strip()) for kind, titles in TITLES.items() for title in titles.strip().splitlines()],
)
def test_title_of_a_real_calendar_proposes_a_kind_of_day(kind: ProposalKind | None, title: str) -> None:
    assert proposal_kind_of(title) is kind
