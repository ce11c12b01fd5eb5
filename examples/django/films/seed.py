"""The films that the site begins with: old enough to belong to everybody."""

FILMS = {
    "trip-to-the-moon": {
        "title": "A Trip to the Moon",
        "title_ko": "달세계 여행",
        "director": "Georges Méliès",
        "year": 1902,
        "about": "Six astronomers have themselves shot to the Moon, and meet those who live there.",
        "about_ko": "여섯 천문학자가 대포를 타고 달로 날아가 그곳에 사는 이들을 만난다.",
    },
    "nosferatu": {
        "title": "Nosferatu",
        "title_ko": "노스페라투",
        "director": "F. W. Murnau",
        "year": 1922,
        "about": "A young clerk travels to a count who buys a house and never comes out by day.",
        "about_ko": "젊은 서기가 집을 사려는 백작을 찾아간다. 백작은 낮에는 결코 나오지 않는다.",
    },
    "sherlock-jr": {
        "title": "Sherlock Jr.",
        "title_ko": "셜록 주니어",
        "director": "Buster Keaton",
        "year": 1924,
        "about": "A projectionist who would like to be a detective walks into the film that he shows.",
        "about_ko": "탐정이 되고 싶은 영사 기사가 자신이 상영하던 영화 속으로 걸어 들어간다.",
    },
    "arirang": {
        "title": "Arirang",
        "title_ko": "아리랑",
        "director": "Na Woon-gyu",
        "year": 1926,
        "about": "A student comes home, and a song is sung that everybody knows since. The film itself is lost.",
        "about_ko": "한 학생이 고향으로 돌아오고, 그 뒤로 모두가 아는 노래가 울려 퍼진다. 필름은 남아 있지 않다.",
    },
    "the-general": {
        "title": "The General",
        "title_ko": "제너럴",
        "director": "Buster Keaton, Clyde Bruckman",
        "year": 1926,
        "about": "An engine driver follows the thieves of his engine, alone, on rails, in the middle of a war.",
        "about_ko": "기관사가 빼앗긴 기관차를 되찾으려 홀로 전쟁터의 철길을 달린다.",
    },
    "metropolis": {
        "title": "Metropolis",
        "title_ko": "메트로폴리스",
        "director": "Fritz Lang",
        "year": 1927,
        "about": "Above, a city of towers; below, those who keep it running; between them, a machine with a face.",
        "about_ko": "위에는 마천루의 도시, 아래에는 그 도시를 움직이는 사람들, 그 사이에는 얼굴을 가진 기계가 있다.",
    },
}
