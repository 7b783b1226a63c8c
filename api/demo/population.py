"""Who is in the demonstration? Partners, five thousand reports in their own scripts, three photos."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from importlib import resources

from PIL import Image, ImageEnhance

from api.access import CASE_WORK
from api.bootstrap import Sandhan
from api.cases.forms import CaseForm
from api.cases.outcomes import CaseToPut
from api.commands.context import scope_for
from api.partners.service import NewPartner, Welcome
from api.store import cases
from data.synthetic import LinkedSample, linked_sample

SEED = 20261101
REPORTS, RESCUES = 5000, 200
_BATCH = 250

SOURCES = {
    "IN-WB": NewPartner("AHTU West Bengal", "ahtu", "IN", areas=("IN/WB",)),
    "IN-AS": NewPartner("AHTU Assam", "ahtu", "IN", areas=("IN/AS",)),
    "IN-ML": NewPartner("AHTU Meghalaya", "ahtu", "IN", areas=("IN/ML",)),
    "NP": NewPartner("Anti-Trafficking Bureau, Nepal", "ahtu", "NP", areas=("NP",)),
    "BD": NewPartner("Anti-Trafficking Unit, Bangladesh", "ahtu", "BD", areas=("BD",)),
    "MM": NewPartner("Anti-Trafficking Division, Myanmar", "ahtu", "MM", areas=("MM",)),
}
DESTINATIONS = {
    "shelter": NewPartner("Asha Shelter, Mumbai", "shelter", "IN", areas=("IN/MH/mumbai-city",)),
    "police": NewPartner("AHTU Mumbai", "ahtu", "IN", areas=("IN/MH",)),
}

# The scripted girl: reported in Bengali by her family, found in Mumbai by people who write Hindi.
REPORT = CaseForm(
    side="missing",
    external_id="DEMO-REPORT",
    name="সুনীতা মণ্ডল",
    nickname="বুড়ি",
    father_name="রমেশ মণ্ডল",
    mother_name="মালতী মণ্ডল",
    sex="female",
    birth_date=date(2011, 5, 30),
    country="India",
    state="পশ্চিমবঙ্গ",
    district="দক্ষিণ ২৪ পরগনা",
    village="গোসাবা",
    languages=["bn"],
    marks=["mole on left cheek"],
    last_seen=date(2023, 8, 14),
)
# Her namesake from the same district, with another father and photo: the name alone must not decide.
NAMESAKE = CaseForm(
    side="missing",
    external_id="DEMO-NAMESAKE",
    name="সুনিতা মন্ডল",
    father_name="রমেন মণ্ডল",
    sex="female",
    birth_date=date(2012, 1, 9),
    country="India",
    state="পশ্চিমবঙ্গ",
    district="দক্ষিণ ২৪ পরগনা",
    village="ক্যানিং",
    languages=["bn"],
    last_seen=date(2024, 3, 2),
)
RESCUE = CaseForm(
    side="rescued",
    external_id="DEMO-RESCUE",
    name="सुनिता",
    nickname="बुड़ी",
    father_name="Ramesh Mandol",
    sex="female",
    age="14",
    age_basis="guess",
    country="India",
    state="West Bengal",
    remembered=["Gosava"],
    languages=["bn", "hi"],
    found=date(2026, 10, 28),
    event_country="India",
    event_state="Maharashtra",
    event_district="Mumbai",
    face_consent=True,
)
Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """The demonstration before the rescue.

    Attributes:
        partners: by key of `SOURCES` and `DESTINATIONS`.
        report_id: the scripted true report.
        case_of: synthetic report id -> stored case id.
        sample: the synthetic people, with two hundred further rescues.
    """

    partners: dict[str, Welcome]
    report_id: str
    case_of: dict[str, str]
    sample: LinkedSample


def demo_photo(name: str) -> bytes:
    """Return a public-domain photo that comes with the project (see data/photos/SOURCES.md)."""
    return resources.files("data").joinpath("photos", name).read_bytes()


def another_shot(photo: bytes) -> bytes:
    """Return the photo as another camera might have taken it: tilted, smaller, darker, compressed."""
    with Image.open(io.BytesIO(photo)) as opened:
        image = opened.convert("RGB").rotate(4, resample=Image.Resampling.BICUBIC, expand=False, fillcolor=(90, 90, 90))
        image = image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.LANCZOS)
        image = ImageEnhance.Brightness(image).enhance(0.85)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=72)
    return out.getvalue()


def set_stage(sandhan: Sandhan, contact: Callable[[str, NewPartner], NewPartner], step: Step) -> Stage:
    """Fill an empty database.

    Args:
        contact: gives a partner, by its key, its e-mail address or webhook.
        step: told (done, total) while the reports go in.
    """
    operator = sandhan.partners.register_operator("Demonstration", "IN")
    scope = sandhan.partners.scope_of(operator.api_key)
    partners = {"operator": operator}
    for key, new in (SOURCES | DESTINATIONS).items():
        partners[key] = sandhan.partners.register(replace(contact(key, new), permissions=CASE_WORK), scope)
    taking_part = [welcome.partner.id for key, welcome in partners.items() if key != "operator"]
    sandhan.agreements.propose(taking_part, "Memorandum of the demonstration", None, scope, signed=True)
    sample = linked_sample(SEED, REPORTS, RESCUES, share=1.0)
    case_of = _insert_reports(sandhan, sample, partners, step)
    police = scope_for(partners["IN-WB"].partner)
    report = sandhan.cases.register(REPORT, police, [demo_photo("astronaut.jpg")])
    sandhan.cases.register(NAMESAKE, police, [demo_photo("grace_hopper.jpg")])
    return Stage(partners, report.case.id, case_of, sample)


def _insert_reports(sandhan: Sandhan, sample: LinkedSample, partners: dict[str, Welcome], step: Step) -> dict[str, str]:
    """Store the synthetic reports for the unit of each region; there is nobody yet to compare them with."""
    case_of: dict[str, str] = {}
    today = sandhan.clock().date()
    for region in SOURCES:
        scope = scope_for(partners[region].partner)
        records = [record for record in sample.reports if record.region == region]
        for start in range(0, len(records), _BATCH):
            part = records[start : start + _BATCH]
            forms = [CaseForm.model_validate({"side": "missing", **record.fields}) for record in part]
            stored = sandhan.cases.put_many(
                [
                    CaseToPut("missing", record.record_id, form.content(today))
                    for record, form in zip(part, forms, strict=True)
                ],
                scope,
            )
            with sandhan.database.write() as conn:
                for record, (case_id, _) in zip(part, stored, strict=True):
                    if case_id is None:
                        raise AssertionError("nothing has been erased from a database that is new")
                    cases.mark_matched(conn, case_id, 1)
                    case_of[record.record_id] = case_id
            step(len(case_of), len(sample.reports))
    return case_of
