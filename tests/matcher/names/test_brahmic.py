"""Are Indic words read as people of the region write them in Latin letters?"""

from __future__ import annotations

import pytest

from matcher.names.brahmic import romanize_brahmic
from matcher.names.phonetics import fold


@pytest.mark.parametrize(
    ("word", "script", "latin"),
    [
        ("राम", "Deva", "ram"),
        ("रहमान", "Deva", "rahman"),
        ("सुनीता", "Deva", "sunita"),
        ("चन्द्र", "Deva", "chandra"),
        ("कृष्ण", "Deva", "krishna"),
        ("अंजलि", "Deva", "anjali"),
        ("लक्ष्मी", "Deva", "lakshmi"),
        ("ज\u093cाहिद", "Deva", "zahid"),
        ("फ\u093cातिमा", "Deva", "fatima"),
        ("स\u093cीता", "Deva", "sita"),
        ("दुःख", "Deva", "dukh"),
        ("ॐ", "Deva", "om"),
        ("ऋषि", "Deva", "rishi"),
        ("স্বপন", "Beng", "swapan"),
        ("উৎপল", "Beng", "utpal"),
        ("য\u09bcাসিন", "Beng", "yasin"),
        ("যমুনা", "Beng", "jamuna"),
        ("সত্য", "Beng", "satya"),
        ("অংশু", "Beng", "angshu"),
        ("ব\u09be\u09a1\u09bc\u09c1\u0987", "Beng", "barui"),
        ("ৰাজু", "Beng", "raju"),
        ("ৱাহিদ", "Beng", "wahid"),
        ("ਸਿੰਘ", "Guru", "singh"),
        ("ਗੁਰਵਿੰਦਰ", "Guru", "gurvindar"),
        ("રાજેશ", "Gujr", "rajesh"),
        ("ରାମ", "Orya", "ram"),
        ("ராஜு", "Taml", "raju"),
        ("తెలుగు", "Telu", "telugu"),
        ("ರಾಜು", "Knda", "raju"),
        ("മോഹൻ", "Mlym", "mohan"),
        ("അൻവർ", "Mlym", "anvar"),
        ("ഫൈസൽ", "Mlym", "faisal"),
    ],
)
def test_words(word: str, script: str, latin: str) -> None:
    assert romanize_brahmic(word, script) == latin


CUSTOM = {
    ("Deva", "hi"): """
        भगवती Bhagwati सुमति Sumati सिंह Singh संजय Sanjay यशवंत Yashwant आनंद Anand पंकज Pankaj मुंबई Mumbai चंपा Champa
        चाँदनी Chandni प्रिय Priya प्रियदर्शन Priyadarshan ज्ञान Gyan फरहान Farhan शबनम Shabnam मिश्र Mishra राव Rao हर्ष Harsh
        विश्वनाथ Vishwanath रामचन्द्र Ramchandra गुरप्रीत Gurpreet हरभजन Harbhajan दत्त Datt सूर्य Surya""",
    ("Deva", "mr"): """
        ज्ञानेश्वर Dnyaneshwar काळे Kale ऋतुजा Rutuja अमृता Amruta कृष्णा Krishna विठ्ठल Vitthal वसंत Vasant गायकवाड Gaikwad
        कुलकर्णी Kulkarni मृणाल Mrunal चव्हाण Chavan""",
    ("Deva", "ne"): """
        बहादुर Bahadur नेत्र Netra श्रेष्ठ Shrestha तामाङ Tamang गुरुङ Gurung विनोद Binod कमला Kamala पन्त Panta
        विश्वकर्मा Bishwakarma ज्ञानेन्द्र Gyanendra रामबहादुर Rambahadur""",
    ("Beng", "bn"): """
        মণ্ডল Mandal রহিম Rahim বিদ্যা Bidya ব্যানার্জী Banarji বিশ্বাস Biswas সরস্বতী Saraswati চন্দ্র Chandra সিংহ Singha
        ভট্টাচার্য Bhattacharya চৌধুরী Choudhuri ওয়াহিদ Wahid আনোয়ারা Anowara ইয়াসিন Yasin ইউসুফ Yusuf মিয়া Miya খাঁ Khan
        চাঁদ Chand চাঁপা Champa হরিপদ Haripada সুব্রত Subrata কমলা Kamala সালমা Salma দেবব্রত Debabrata জ্যোতি Jyoti
        জ্ঞানেন্দ্র Gyanendra শংকর Shankar গঙ্গা Ganga মৌসুমী Mousumi দ্বারকা Dwarka পার্বতী Parbati উজ্জ্বল Ujjwal
        শবনম Shabnam অ্যানি Ani ঐশী Oishi শ্যামল Shyamal বিশ্ব Biswa রিয়াজ Riyaz হেমব্রম Hembram সংযুক্তা Sanjukta দেওয়ান Dewan""",
    ("Beng", "as"): "ৰাজু Raju শইকীয়া Saikia ছাহাবুদ্দিন Sahabuddin চুতীয়া Chutia ৰহমান Rahman মৃদুল Mridul চৌধুৰী Choudhury",
    ("Guru", "pa"): """
        ਕੌਰ Kaur ਸਤਵੰਤ Satwant ਬਲਵੰਤ Balwant ਗੁਰਪ੍ਰੀਤ Gurpreet ਮੱਖਣ Makhan ਬੱਗਾ Bagga ਸ਼ਰਮਾ Sharma ਢਿੱਲੋਂ Dhillon
        ਹਰਭਜਨ Harbhajan ਬੱਚਾ Bachcha ਸੱਤਾ Satta""",
    ("Gujr", "gu"): "જિજ્ઞેશ Jignesh કૃણાલ Krunal કૃષ્ણ Krishna શાહ Shah આનંદ Anand મકવાણા Makwana ઋષિ Rushi",
    ("Orya", "or"): """
        ରମେଶ Ramesh ଦାସ Das ମହାନ୍ତି Mahanti ମିଶ୍ର Mishra କୃଷ୍ଣ Krishna ବିଶ୍ୱାଳ Biswal ସ୍ୱାଇଁ Swain ଯଶୋଦା Jashoda ସତ୍ୟ Satya
        ଆନନ୍ଦ Ananda ସିଂହ Singh ଅମୃତ Amrut ବନମାଳୀ Banamali""",
    ("Taml", "ta"): """
        முருகன் Murugan கண்ணன் Kannan செல்வி Selvi அன்பு Anbu கிருஷ்ணமூர்த்தி Krishnamoorthy சுந்தர் Sundar பாண்டியன் Pandian
        தமிழ்ச்செல்வி Thamizhchelvi லட்சுமி Lakshmi மீனாட்சி Meenakshi தங்கம் Thangam ஆறுமுகம் Arumugam கார்த்திக் Karthik
        முத்து Muthu செந்தில் Senthil வெற்றி Vetri கீதா Geetha கோபால் Gopal தேவி Devi பாலமுருகன் Balamurugan சந்திரன் Chandran
        சின்னசாமி Chinnasamy பிரபு Prabhu சுப்பிரமணி Subramani ராஜேந்திரன் Rajendran இராமன் Raman பழனிசாமி Pazhanisamy
        அஞ்சலி Anjali ராதா Radha சேகர் Sekar மகேஷ் Mahesh ஃபாத்திமா Fathima ஞானசேகரன் Gnanasekaran அப்துல் Abdul""",
    ("Telu", "te"): """
        రాము Ramu కృష్ణ Krishna సింహ Simha వంశీ Vamsi విజ్ఞాన్ Vignan స్వాతి Swathi అప్పారావు Apparao సత్యం Satyam నాయుడు Naidu
        శంకర్ Shankar సాయి Sai""",
    ("Knda", "kn"): "ಕುಮಾರ Kumar ರಮೇಶ Ramesh ಕೃಷ್ಣ Krishna ಬಸಪ್ಪ Basappa ಶಿವ Shiva ರಾಮ Rama ಮಂಜುನಾಥ Manjunath ಹಂಸ Hamsa",
    ("Mlym", "ml"): """
        ഫാത്തിമ Fathima കുഞ്ഞ് Kunju ആന്റണി Antani സെബാസ്റ്റ്യൻ Sebastian കോട്ടയം Kottayam പാലക്കാട് Palakkad ശങ്കരൻ Sankaran
        രാജേഷ് Rajesh ചന്ദ്രൻ Chandran കുഞ്ഞിരാമൻ Kunjiraman അഞ്ജലി Anjali അങ്കിത Ankitha""",
}
"""Word and customary spelling, by script and language; equal but for what romanisers never agree on."""


@pytest.mark.parametrize(("script", "lang"), list(CUSTOM))
def test_custom_of_the_country(script: str, lang: str) -> None:
    cells = CUSTOM[script, lang].split()
    read = romanize_brahmic("\n".join(cells[::2]), script, lang).split("\n")
    assert [fold(latin) for latin in read] == [fold(latin.lower()) for latin in cells[1::2]]


def test_a_word_of_one_letter_keeps_its_vowel() -> None:
    assert romanize_brahmic("क", "Deva") == "ka"


@pytest.mark.parametrize("word", ["", "़", "्", "ं", "ािीु", "्््राम", "़क", "\u093d\u0964", "x"])
def test_stray_signs_do_no_harm(word: str) -> None:
    latin = romanize_brahmic(word, "Deva")
    assert latin == "" or latin.isascii()


def test_the_old_and_new_spelling_of_a_final_consonant_agree() -> None:
    assert romanize_brahmic("മോഹന്", "Mlym") == romanize_brahmic("മോഹൻ", "Mlym")


@pytest.mark.parametrize("lang", ["as", "bn", "bn-BD", "xx", "hi", None])
def test_language_changes_nothing_where_all_agree(lang: str | None) -> None:
    assert romanize_brahmic("যদু", "Beng", lang) == "jadu"


def test_language_decides_where_readers_differ() -> None:
    assert romanize_brahmic("ज्ञान", "Deva", "mr") == "dnyan"
    assert romanize_brahmic("ज्ञान", "Deva", "bho") == romanize_brahmic("ज्ञान", "Deva") == "gyan"


def test_assamese_letters_tell_the_language() -> None:
    assert romanize_brahmic("ছাৰ\nছার\nৰাছ", "Beng") == "sar\nchhar\nras"


def test_words_are_read_line_by_line() -> None:
    assert romanize_brahmic("राम\n\nसीता\n", "Deva") == "ram\n\nsita\n"
