"""The common nouns that are things, places and weather; see `nouns` for the format."""

from __future__ import annotations

VEHICLES = """
!1f697 car, red car
1f699 blue car, SUV
1f695 taxi
1f693 police car
!1f68c bus
1f691 ambulance
1f692 fire truck, fire engine
1f69a delivery truck, truck
!1f69c tractor
1f3ce race car, racing car
1f3cd motorcycle, motorbike
1f6f5 scooter, motor scooter
!1f6b2 bicycle, bike
1f6f9 skateboard
1f682 steam train, locomotive, steam engine
1f686 train
1f684 high-speed train
!26f5 sailboat
1f6a4 speedboat
1f6a2 ship
1f6f6 canoe
!2708 airplane, plane
1f681 helicopter
!1f680 rocket
1f6f8 UFO, flying saucer
1fa82 parachute
"""

PLACES = """
!1f3e0 house, home
1f3f0 castle
26ea church
26fa tent
1f3a1 ferris wheel
1f3d4 mountain, snowy mountain
1f30b volcano
1f3dd desert island, tropical island
1f30d globe, ~planet Earth, earth globe
26f2 fountain
1f3aa circus tent
"""

SKY = """
!2600 sun
1f31e sun with a face, smiling sun
!1f319 crescent moon, moon
1f315 full moon
1f31d full moon with a face, smiling moon
!2b50 star, yellow star
1f320 shooting star
1fa90 ringed planet, ~planet Saturn
!2601 cloud
26c5 sun behind a cloud
1f327 rain cloud, cloud with rain
1f329 storm cloud, cloud with lightning
1f32a tornado
!1f308 rainbow
!2602 umbrella, purple umbrella
26a1 lightning bolt
!2744 snowflake
!26c4 snowman
!1f525 ~fire, flame
1f4a7 drop of water, water drop
1f30a wave, ocean wave
"""

OBJECTS = """
!1f383 jack-o-lantern, Halloween pumpkin, carved pumpkin
!1f384 Christmas tree
!1f388 balloon, red balloon
!1f381 gift, present, gift box
1f380 bow, ribbon, pink bow
1f389 party popper
!1f3c6 trophy, gold cup
1f947 gold medal
!26bd soccer ball, football
26be baseball
!1f3c0 basketball
1f3d0 volleyball
1f3c8 American football
1f3be tennis racket, tennis racket and ball
1f3b3 bowling ball and pins
1f94a boxing glove
26f8 ice skate
1f3af bullseye, dartboard
1fa81 kite
1f52e crystal ball
1fa84 magic wand
1f3ae game controller, video game controller
1f3b2 dice, die
1f9e9 puzzle piece, jigsaw piece
!1f9f8 teddy bear
1f3a8 artist palette, paint palette
1f9f6 ball of yarn
1f453 +glasses, +eyeglasses
1f576 +sunglasses
1f454 necktie, shirt and tie
1f455 T-shirt, shirt, green T-shirt
1f456 +jeans, +pants
1f9e3 scarf, red scarf
1f9e4 +gloves, +purple gloves
1f9e5 coat
1f9e6 +socks
1f457 dress, blue dress
1f45c handbag
!1f392 backpack, red backpack
1f45f sneaker, running shoe
1f460 high heel, high-heeled shoe
1f462 boot
!1f451 crown, gold crown
1f452 sun hat, straw hat
!1f3a9 top hat, black hat
1f393 graduation cap
1f9e2 cap, baseball cap, blue cap
1fa96 helmet, army helmet
1f484 lipstick
1f48d ring, diamond ring
1f48e gem, diamond, gemstone
1f4e3 megaphone
!1f514 bell
1f3b5 musical note
1f3a4 microphone
1f3a7 +headphones
1f4fb radio
1f3b7 saxophone
1f3ba trumpet
!1f3b8 guitar
1f3b9 piano keyboard, piano
1f3bb violin
1f941 drum
1f4f1 phone, smartphone, mobile phone
260e telephone, red telephone
1f50b battery
1f4bb laptop, laptop computer
1f5a5 desktop computer, computer screen
1f4be floppy disk
1f4fa television, TV
!1f4f7 camera
1f50d magnifying glass
!1f56f candle
!1f4a1 light bulb, lightbulb
1f526 flashlight
1f4d5 red book
1f4d7 green book
1f4d8 blue book
1f4d6 open book
!1f4da +books, stack of books
1f4dc scroll
1f4f0 newspaper
1fa99 coin, gold coin
1f4b0 money bag, bag of money
2709 envelope, letter
1f4e6 package, cardboard box
!270f pencil
1f58c paintbrush
1f4c5 calendar
1f4cc pushpin
1f4ce paperclip
2702 +scissors
1f5d1 trash can, wastebasket
1f512 padlock, lock
!1f511 key
!1f528 hammer
1fa93 axe
1f5e1 dagger, sword
1f4a3 bomb
1f3f9 bow and arrow
1f6e1 shield
1f527 wrench
1fa9b screwdriver
2699 gear, cogwheel
1f9f2 magnet
1fa9c ladder
1f52c microscope
1f52d telescope
1f489 syringe
1f48a pill
1f6aa door
1f6cf bed
1f6cb couch, sofa
1fa91 chair
1f6bd toilet
1f6c1 bathtub
1f9f9 broom
1f9fa basket
1faa3 bucket
1f9fc ~soap, bar of soap
1faa5 toothbrush
1f6d2 shopping cart
23f0 alarm clock
231a watch, wristwatch
231b hourglass
2693 anchor
1f6d1 stop sign
1f6a6 traffic light
1f9ed compass
1f374 fork and knife
1f944 spoon
1f37d plate with a fork and knife
!2764 heart, red heart
1f499 blue heart
1f49a green heart
1f49b yellow heart
1f49c purple heart
1f494 broken heart
"""
