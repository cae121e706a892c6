"""The less common glyphs: which are left out by name, and what the clumsily named ones are called.

`RENAMED` has one line per glyph, ``Unicode name = name, synonym``, with the marks of `nouns`;
glyphs that are in neither table keep their Unicode name.
"""

from __future__ import annotations

NOT_DRAWN = """
heart decoration; heart exclamation; revolving hearts; growing heart; beating heart; rightwards
hand; leftwards hand; palm down hand; palm up hand; leftwards pushing hand; rightwards pushing
hand; index pointing at the viewer; middle finger; hand with index finger and thumb crossed;
love-you gesture; left-facing fist; right-facing fist; raised back of hand; vulcan salute;
backhand index pointing left; backhand index pointing up; backhand index pointing down; palms
up together; ear with hearing aid; mechanical leg; lungs; biting lip; older person; person
frowning; person pouting; deaf person; deaf man; deaf woman; pregnant man; pregnant person;
breast-feeding; Mrs. Claus; supervillain; merperson; merman; troll; person getting massage;
person standing; person kneeling; person with white cane; person in motorized wheelchair;
person in suit levitating; person in steamy room; people with bunny ears; person mountain
biking; people wrestling; person playing handball; person with skullcap; person feeding baby;
dotted line face; face without mouth; lying face; downcast face with sweat; anxious face with
sweat; sad but relieved face; persevering face; confounded face; anguished face; face with
steam from nose; squinting face with tongue; kissing face with smiling eyes; pensive face;
frowning face with open mouth; hushed face; grinning face with sweat; drooling face; angry face
with horns; waxing crescent moon; waxing gibbous moon; waning gibbous moon; waning crescent
moon; last quarter moon; first quarter moon face; snowman; umbrella with rain drops; sun behind
large cloud; tanabata tree; pine decoration; Japanese dolls; carp streamer; wind chime; moon
viewing ceremony; red envelope; admission tickets; rosette; kaaba; foggy; sunrise over
mountains; cityscape at dusk; love hotel; department store; Japanese post office; post office;
wedding; derelict house; globe with meridians; map of Japan; railway car; bullet train; metro;
light rail; station; tram car; mountain railway; minibus; oncoming bus; oncoming taxi; oncoming
automobile; oncoming police car; motorway; suspension railway; aerial tramway; seat;
construction; mobile phone with arrow; low battery; trackball; computer disk; dvd; camera with
flash; magnifying glass tilted right; e-mail; incoming envelope; envelope with arrow; outbox
tray; inbox tray; closed mailbox with lowered flag; open mailbox with raised flag; open mailbox
with lowered flag; page with curl; bookmark tabs; ledger; card index; card index dividers; card
file box; open file folder; tear-off calendar; spiral calendar; chart increasing with yen;
linked paperclips; round pushpin; locked with pen; locked with key; hammer and pick; black nib;
ballot box with ballot; identification card; hamsa; nazar amulet; placard; cigarette; mahjong
red dragon; flower playing cards; joker; level slider; control knobs; umbrella on ground; thong
sandal; clutch bag; woman’s clothes; one-piece swimsuit; service dog; two-hump camel; microbe;
oden; fish cake with swirl; moon cake; dango; reminder ribbon; restroom; running shirt; yen
banknote; pound banknote; two hearts; heart with ribbon; diya lamp; new moon; tired face;
military medal; glowing star; water buffalo; kissing face with closed eyes; kissing face; woozy
face; white flower; hot springs; fog; frowning face; astonished face; relieved face;
expressionless face; funeral urn
"""
LEFT_OUT_NAMES = frozenset(name.strip() for name in NOT_DRAWN.replace("\n", " ").split(";"))
"""Signs in disguise, near twins of a common noun, gestures and customs no plain noun names."""

RENAMED = """
grinning face with big eyes = face with a big open smile
grinning squinting face = laughing face with squinting eyes
beaming face with smiling eyes = beaming face
rolling on the floor laughing = face rolling with laughter
upside-down face = upside-down smiley
smiling face with halo = smiling face with a halo, angel face
smiling face with hearts = smiling face with three hearts
star-struck = star-struck face, face with star eyes
smiling face = blushing smiley
smiling face with tear = smiling face with a tear
face savoring food = face licking its lips
money-mouth face = money face, face with dollar eyes
smiling face with open hands = hugging face
face in clouds = face in the clouds
face with thermometer = face with a thermometer
face with head-bandage = face with a bandage around the head
hot face = hot red face
cold face = frozen blue face
exploding head = face with an exploding head
face with monocle = face with a monocle
face with spiral eyes = dizzy face
face with crossed-out eyes = face with crossed-out eyes, dead face
goblin = red goblin with a long nose
face with diagonal mouth = face with a diagonal mouth
person wearing turban = person wearing a turban
face with hand over mouth = face with a hand over its mouth
face with open eyes and hand over mouth = shocked face with a hand over its mouth
face with peeking eye = face peeking through fingers
winking face with tongue = winking face with its tongue out
face with raised eyebrow = face with a raised eyebrow
grinning cat with smiling eyes = laughing cat
cat with tears of joy = cat crying with laughter
smiling cat with heart-eyes = cat with heart eyes
cat with wry smile = smirking cat
weary cat = scared cat
pouting cat = angry cat
see-no-evil monkey = monkey covering its eyes
hear-no-evil monkey = monkey covering its ears
speak-no-evil monkey = monkey covering its mouth
heart with arrow = heart with an arrow
mending heart = bandaged heart
grey heart = gray heart
hand with fingers splayed = open hand
raised hand = open palm
raising hands = +two raised hands
clapping hands = +clapping hands
open hands = +open hands
heart hands = +hands making a heart
folded hands = +folded hands, +praying hands
sign of the horns = hand making devil horns
call me hand = hand making a phone call
backhand index pointing right = hand pointing right
index pointing up = hand pointing up
thumbs down = ~thumbs down
pinched fingers = +pinched fingers
crossed fingers = +crossed fingers
nail polish = hand with painted nails
selfie = hand taking a selfie
mechanical arm = robot arm
anatomical heart = human heart
person gesturing NO = person with crossed arms
person gesturing OK = person with arms over the head
person tipping hand = person tipping a hand
person raising hand = person raising a hand
person facepalming = person covering their face
health worker = doctor
guard = royal guard
person with crown = person with a crown
person in tuxedo = person in a tuxedo
person with veil = bride
baby angel = little angel
person getting haircut = person getting a haircut
person in manual wheelchair = person in a wheelchair
person rowing boat = person rowing a boat
person bouncing ball = basketball player
person lifting weights = weightlifter
person biking = cyclist
person cartwheeling = person doing a cartwheel
person playing water polo = water polo player
person in lotus position = meditating person
person taking bath = person taking a bath
horse racing = jockey on a horse
pig nose = pig nose, pig snout
paw prints = +paw prints
hatching chick = hatching chick
black bird = black bird, crow
coral = ~coral
cricket = cricket insect
fly = housefly
sheaf of rice = sheaf of grain
herb = green herb
leaf fluttering in wind = +green leaves
nest with eggs = nest with eggs
blueberries = +blueberries
leafy green = ~lettuce, leafy green
peanuts = +peanuts
beans = +beans
garlic = ~garlic
ginger root = ginger root
butter = ~butter
salt = salt shaker
falafel = ~falafel
flatbread = ~flatbread
meat on bone = ~meat on a bone
stuffed flatbread = stuffed pita, kebab wrap
shallow pan of food = pan of paella
pot of food = pot of stew
fondue = pot of fondue
bowl with spoon = bowl with a spoon
canned food = tin can
bento box = bento box
cooked rice = bowl of rice
curry rice = plate of curry
roasted sweet potato = sweet potato
shaved ice = cup of shaved ice
custard = pudding
teacup without handle = cup of green tea
sake = bottle of sake
bottle with popping cork = bottle of champagne
tropical drink = tropical cocktail
clinking beer mugs = +clinking beer mugs, +two mugs of beer
clinking glasses = +clinking glasses
tumbler glass = glass of whiskey
pouring liquid = tilted glass of water
bubble tea = cup of bubble tea
beverage box = juice box
mate = cup of mate
chopsticks = +chopsticks
amphora = amphora, clay vase
globe showing Americas = globe showing the Americas
globe showing Asia-Australia = globe showing Asia
mount fuji = ~Mount Fuji
camping = tent in the woods
beach with umbrella = beach umbrella
national park = lake in a park
classical building = Greek temple
building construction = construction crane
wood = wooden log
houses = group of houses
house with garden = house with a garden
night with stars = city at night
cityscape = city skyline
bridge at night = bridge at night
mosque = mosque
hindu temple = Hindu temple
shinto shrine = red torii gate
articulated lorry = semi truck
manual wheelchair = wheelchair
railway track = railway track
police car light = siren light
horizontal traffic light = horizontal traffic light
ring buoy = life buoy
passenger ship = cruise ship
airplane departure = airplane taking off
airplane arrival = airplane landing
mountain cableway = cable car
bellhop bell = reception bell
luggage = suitcase
first quarter moon = half moon
new moon face = dark moon with a face
last quarter moon face = half moon with a face
milky way = starry night sky
cloud with lightning and rain = thunderstorm cloud
sun behind small cloud = sun behind a small cloud
sun behind rain cloud = sun behind a rain cloud
cloud with snow = snow cloud
wind face = cloud blowing wind
cyclone = blue spiral
fireworks = +fireworks
sparkles = +sparkles
2nd place medal = silver medal
3rd place medal = bronze medal
sports medal = medal
rugby football = rugby ball
flying disc = frisbee
cricket game = cricket bat
field hockey = field hockey stick
ice hockey = ice hockey stick
lacrosse = lacrosse stick
ping pong = ping pong paddle, table tennis racket
badminton = badminton racket
martial arts uniform = martial arts uniform
flag in hole = golf flag
skis = +skis
sled = sled
pool 8 ball = billiard ball, 8 ball
video game = game controller
mirror ball = disco ball
nesting dolls = +nesting dolls
thread = spool of thread
framed picture = framed painting
goggles = +goggles
briefs = +briefs, +underpants
shorts = +shorts
shopping bags = +shopping bags
folding hand fan = folding fan
woman’s sandal = sandal
woman’s boot = boot
man’s shoe = brown shoe
ballet shoes = +ballet shoes
hair pick = hair comb
rescue worker’s helmet = red helmet
prayer beads = +prayer beads
musical score = sheet of music
musical notes = +musical notes
maracas = +maracas
optical disk = CD
film frames = film strip
clapper board = clapperboard
videocassette = video tape
red paper lantern = red paper lantern
notebook with decorative cover = decorated notebook
page facing up = sheet of paper
label = price tag
dollar banknote = dollar bill
euro banknote = euro bill
money with wings = ~money with wings
closed mailbox with raised flag = mailbox
memo = paper with a pencil
spiral notepad = spiral notepad
chart increasing = rising chart
chart decreasing = falling chart
straight ruler = ruler
file cabinet = filing cabinet
unlocked = open padlock
old key = rusty old key
pick = pickaxe
hammer and wrench = hammer and wrench
crossed swords = +crossed swords
carpentry saw = saw
nut and bolt = nut and bolt
balance scale = +balance scales
link = chain link
chains = +chains
dna = DNA strand
petri dish = Petri dish
satellite antenna = satellite dish
drop of blood = drop of blood
adhesive bandage = bandage, plaster
x-ray = X-ray
roll of paper = roll of toilet paper
bubbles = +bubbles
mouse trap = mousetrap
headstone = gravestone
moai = moai statue, stone head
performing arts = +theater masks
brick = brick wall
ticket = ticket
badger = badger
wing = white wing
"""

NAMES = {
    label.strip(): tuple(name.strip() for name in names.split(","))
    for label, names in (line.split("=") for line in RENAMED.strip().splitlines())
}
"""Unicode name -> our names."""
