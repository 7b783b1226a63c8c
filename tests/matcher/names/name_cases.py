"""Names that must stay apart, spellings that must meet, texts that want to do harm, and strategies that make more."""

from __future__ import annotations

from hypothesis import strategies as st


def _cells(text: str) -> list[str]:
    return text.split()


# Different people's names in one script, each pair one or two vowel signs apart.
DISTINCT = _cells("""
राजु|राज रुमा|रमा सीता|सुता सीमा|सोमा सीमा|सुमा मीना|मोना राम|रीमा किरण|करण राजू|रजी देवी|दवा बाबू|बाबा सोनी|सोना राजा|राजू
दीपा|दीपू दीपा|दूपा लीला|लाला लता|लीता गुड्डी|गुड्डू मुन्नी|मुन्ना छोटी|छोटू रानी|राना सोनू|सोनी पूनम|पनामा रीता|गीता मोहन|मोहिनी
রুমা|রমা রাজু|রাজ রীনা|রানা রানী|রেণু শীলা|শলা মিনা|মনা মীরা|মারা মিতা|মাতা পুতুল|পতল গীতা|সীতা রহিম|রহমান রুবি|রবি শিউলি|শেউলা
রিয়া|রায়া ৰীতা|ৰতা ৰুমা|ৰমা
ရီရီ|ရူရူ စုစု|စိစိ နီနီ|နုနု ထူးထူး|ထီထီ လှလှ|လီလီ မောင်မောင်|မိုးမိုး ခင်|ခိုင် အောင်|အေး သိန်း|သန်း ရဲ|ရီ ကျော်|ကျင်
ਹਰਜੀਤ|ਹਰਜੋਤ રાજુ|રાજ રમા|રૂમા ରାଜୁ|ରାଜ ରମା|ରୂମା ராஜு|ராஜா మీనా|మోనా ಮೀನಾ|ಮೋನಾ മീന|മോന ꯔꯤꯇꯥ|ꯔꯣꯇꯥ ᱨᱟᱡᱩ|ᱨᱟᱡ ලීලා|ලාලා සීතා|සුතා
""")

# Different names that are also each other's common misspellings: apart, but near enough to be looked at.
NEAR = _cells("कमल|कोमल কমল|কোমল राम|रमा देव|दिव बबलू|बबली राजी|राजे ਗੁਰ|ਗੋਰ ꯇꯣꯝꯕ|ꯇꯣꯝꯕꯤ")

# Different names that one sound, or one row of the table of equivalents, makes into one. Each is a known defect.
COLLAPSED = _cells("""
रमा|रामा কমলা|কামলা ராமா|ரமா
ဖြူဖြူ|ဖြိုးဖြိုး ကျော်ကျော်|ဇော်ဇော် ခင်ခင်|ကျင်ကျင် ထက်ထက်|သက်သက် တင်တင်|သင်းသင်း
""")

# One name, written by two people.
VARIANTS = (
    """
सुनीता मंडल|Sunita Mondal;সুনীতা মণ্ডল|Sunita Mandal;सुनीता|সুনীতা;राम बहादुर|Ram Bahadur;रहमान|Rahman;লক্ষ্মী|Laxmi;लक्ष्मी|Lakshmi
কৃষ্ণ|Krishna;স্বপন বিশ্বাস|Swapan Biswas;মুখোপাধ্যায়|Mukherjee;চট্টোপাধ্যায়|Chatterjee;আব্দুর রহমান|Abdur Rahman
আব্দুর রহমান|Abdurrahman;Abdul Rahman|Abdurrahman;মোঃ রফিকুল ইসলাম|Md Rafiqul Islam;Rafiqul|Rofiqul;Sita|Seeta;Mandal|Mondol
পূর্ণিমা দাস|Purnima Das;सीता चौधरी|Sita Chowdhury;ৰীতা বৰা|Rita Bora;অৰুণ|Arun;অৰুণ|অরুণ;ফাতেমা খাতুন|Fatema Khatun;পিংকি|Pinky
अञ्जलि|अंजलि;राजू|राजु;सुनिता|सुनीता;মীনা|মিনা;ज़ाहिद|जाहिद;ज़ाहिद|Zahid;फ़ातिमा|Fatima;ॐ प्रकाश|Om Prakash;अंजलि|Anjali
အောင်ကျော်မိုး|Aung Kyaw Moe;မြင့်မြင့်|Myint Myint;ခင်ခင်|Khin Khin;ထွန်းထွန်း|Tun Tun;ရွှေ|Shwe;ညွန့်|Nyunt;စုစု|Su Su;လှလှ|Hla Hla
ਹਰਜੀਤ ਸਿੰਘ|Harjit Singh;રાજેશ|Rajesh;രാജേഷ്|Rajesh;മോഹൻ|Mohan;മോഹന്‍|മോഹൻ;ராஜு|Raju;ରାଜେଶ|Rajesh;రాజు|Raju;ರಾಜು|Raju
""".strip()
    .replace("\n", ";")
    .split(";")
)

HOSTILE = {
    "empty": "",
    "spaces": " \t\n\r\u00a0\u2003\u3000 ",
    "emoji": "😀👩‍👩‍👧❤️1️⃣🇮🇳",
    "controls": "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    "long": "सुनीता " * 2000,
    "one long word": "a" * 10_000,
    "long conjunct": "क्" * 5_000,
    "long Burmese": "ကျော်" * 2_500,
    "marks only": "\u0301" * 10_000,
    "stacked marks": "S" + "\u0335\u0489" * 400 + "ita",
    "unpaired surrogates": "\ud800Su\udfffnita\udc00",
    "surrogates only": "\ud800\udbff",
    "right to left override": "\u202eatinuS\u202c \u2066Das\u2069",
    "homoglyphs": "Ѕunіtа Маndаl",
    "private use": "\ue000\uf8ff\U000f0000",
    "unassigned": "\u0378\U000e1000",
    "variation selectors": "\ufe0f\ufe0e\U000e0100",
    "virama first": "्राम ्",
    "sign first": "ािीु",
    "nukta only": "़ ়",
    "asat only": "်္",
    "digits": "१२३ ১২৩ ၁၂၃ 123",
    "punctuation": "../|\\'\"`;--<script>%s{0}",
    "relation only": "s/o",
    "relations": "S/O D/O W/O C/O",
    "format": "%n%s{}{0}{name}",
    "null": "\x00",
    "all scripts": "Ram राम রাম ਰਾਮ રામ ରାମ ராம் రామ్ ರಾಮ್ റാം රාම් ราม ລາມ རཱམ ရမ် រាម رام ꯔꯥꯝ ᱨᱟᱢ 罗摩 Рам Ραμ",
    "ligatures": "ﷺ ﬁ ǆ ŉ İ ß ﷽",
}

# Letters and signs of which names of the region are made; every word drawn from one alphabet only.
ALPHABETS = {
    "Latn": "abcdefghijklmnopqrstuvwxyz",
    "Deva": "अआइईउऊएओकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसहािीुूेैोौं्ृ",
    "Beng": "অআইঈউঊএওকখগঘচছজঝটঠডঢণতথদধনপফবভমযরলশষসহািীুূেৈোৌং্ৃৎৰৱ",
    "Mymr": "ကခဂငစဆဇညတထဒနပဖဗမယရလဝသဟအာိီုူေဲံ့း်္ျြွှ",
    "Mlym": "അആഇഎകഗചജടതദനപമയരലവശസഹാിീുെേൊോ്ൻർൽ",
    "Taml": "அஆஇஎகஙசஞடணதநபமயரலவழளறனாிீுெேொோ்",
    "Guru": "ਅਆਇਕਗਚਜਟਤਦਨਪਮਰਲਵਸਹਾਿੀੁੂੇੋੰ੍",
}

latin_words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)
folded_words = st.text("abcdefghijklmnoprstuwyN", min_size=1, max_size=18)
region_words = st.sampled_from(sorted(ALPHABETS)).flatmap(
    lambda script: st.text(ALPHABETS[script], min_size=1, max_size=10)
)
region_names = st.lists(region_words, min_size=1, max_size=4).map(" ".join)
anything = st.one_of(st.text(max_size=60), region_names, st.sampled_from(sorted(HOSTILE.values())))

# Everyday words: full ones, weak ones, initials, spellings of one another, words that are two words written together.
words = st.sampled_from(
    _cells("""
    Abdul Rahman Abdurrahman Md Mohammad Sunita Sunit Sumita Mondal Mandal Das Dass Kumari Kumar S. R K. P C Devi
    Begum Khatun Aung Kyaw Ali Alim Rahim Rahima Karim Sk Ram Rama Chandra Phulmoni Yasmin Miah
    সুনীতা রহিম मंडल राम အောင် ကျော်
    """)
)
names = st.lists(words, min_size=1, max_size=7).map(" ".join)


def pairs_of(cells: list[str]) -> list[tuple[str, str]]:
    """Return `"left|right"` cells as pairs."""
    return [(cell.split("|")[0], cell.split("|")[1]) for cell in cells]
