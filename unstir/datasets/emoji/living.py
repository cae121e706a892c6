"""The common nouns that live, grow, are eaten or look at you; see `nouns` for the format."""

from __future__ import annotations

ANIMALS = """
!1f431 cat, cat face, kitty, kitten
1f408 cat, tabby cat
1f408-200d-2b1b black cat
!1f436 dog, dog face, puppy
1f415 dog
1f429 poodle
!1f42d mouse, mouse face
1f439 hamster, hamster face
!1f430 rabbit, rabbit face, bunny
1f407 rabbit, bunny
!1f98a fox, fox face
!1f43b bear, bear face, brown bear
1f43b-200d-2744 polar bear
!1f43c panda, panda face, panda bear
1f428 koala, koala face
1f42f tiger, tiger face
1f405 tiger
!1f981 lion, lion face
1f406 leopard
!1f42e cow, cow face
1f404 cow
!1f437 pig, pig face, piggy
1f416 pig
!1f438 frog, frog face
!1f435 monkey, monkey face
1f412 monkey
1f43a wolf, wolf face
1f99d raccoon
1f434 horse, horse head
1f40e horse
!1f984 unicorn, unicorn head
1f993 zebra
1f98c deer
1f411 sheep
1f410 goat
1f42a camel
1f999 llama
1f992 giraffe
!1f418 elephant
1f98f rhino, rhinoceros
1f99b hippo, hippopotamus
1f401 mouse
1f43f squirrel, chipmunk
1f994 hedgehog
1f987 bat
1f9a5 sloth
1f9a6 otter
1f998 kangaroo
1f98d gorilla
1f414 chicken, hen
1f413 rooster
1f424 chick, baby chick
1f425 chick, baby chick, yellow chick
1f426 bird, red bird
!1f427 penguin
1f54a dove
1f985 eagle
!1f986 duck
1f9a2 swan
!1f989 owl
1f9a9 flamingo
1f99a peacock
1f99c parrot
1f40a crocodile, alligator
!1f422 turtle, tortoise
1f98e lizard
!1f40d snake
1f409 dragon
1f432 dragon, dragon head
1f995 dinosaur, long-necked dinosaur
1f996 T-rex, tyrannosaurus, dinosaur
1f433 whale
1f42c dolphin
1f9ad seal
!1f41f fish, blue fish
1f420 tropical fish, yellow fish
1f421 blowfish, pufferfish
1f988 shark
!1f419 octopus
1f41a seashell, shell
1fabc jellyfish
1f980 crab
1f99e lobster
1f990 shrimp
1f991 squid
1f40c snail
!1f98b butterfly, red butterfly
1f41b caterpillar
1f41c ant
!1f41d bee, honeybee
1f41e ladybug, lady beetle
1f577 spider
1f982 scorpion
"""

FOOD = """
1f347 +grapes, bunch of grapes
1f349 watermelon, slice of watermelon
1f34a orange, orange fruit, tangerine
!1f34b lemon
!1f34c banana
!1f34d pineapple
!1f34e apple, red apple
1f34f green apple
1f350 pear
1f351 peach
1f352 +cherries
!1f353 strawberry
1f95d kiwi, kiwi fruit
1f345 tomato
1f965 coconut
!1f951 avocado
1f346 eggplant, aubergine
1f954 potato
!1f955 carrot
1f33d corn cob, ear of corn
1f336 chili pepper, hot pepper, red chili
1f952 cucumber
1f966 ~broccoli
1f9c5 onion
!1f344 mushroom, toadstool, red mushroom
1f35e ~bread, loaf of bread
!1f950 croissant
1f956 baguette
1f968 pretzel
1f96f bagel
1f95e +pancakes, stack of pancakes
1f9c7 waffle
1f9c0 ~cheese, piece of cheese, wedge of cheese
1f357 chicken leg, drumstick
1f969 steak
1f953 ~bacon
!1f354 hamburger, burger, cheeseburger
1f35f +french fries, +fries
!1f355 pizza, slice of pizza, pizza slice
1f32d hot dog
1f96a sandwich
1f32e taco
1f32f burrito
1f95a egg
1f373 fried egg, fried egg in a pan
1f957 salad, bowl of salad
1f37f ~popcorn, box of popcorn
1f35c bowl of noodles, bowl of ramen
1f35d ~spaghetti, plate of spaghetti
1f363 ~sushi
1f366 ice cream cone, ~soft ice cream
1f368 ~ice cream, bowl of ice cream
!1f369 donut, doughnut
!1f36a cookie, chocolate chip cookie
!1f382 birthday cake, cake
1f370 slice of cake, piece of cake
!1f9c1 cupcake
1f967 pie
1f36b ~chocolate, chocolate bar
1f36c candy, piece of candy
1f36d lollipop
1f36f honey pot, jar of honey
1f37c baby bottle
1f95b glass of milk
!2615 cup of coffee, cup of tea, coffee
1fad6 teapot
1f377 glass of wine, wine glass
1f378 cocktail
1f37a beer, mug of beer, beer mug
1f964 cup with a straw, soda cup
1f9ca ice cube
"""

PLANTS = """
!1f339 rose, red rose
1f337 tulip, pink tulip
!1f33b sunflower
1f33c daisy, yellow flower
1f338 cherry blossom, pink flower
1f490 bouquet, bouquet of flowers
1f331 seedling, sprout
1fab4 potted plant, plant
1f332 pine tree, evergreen tree
!1f333 tree, green tree
1f334 palm tree
!1f335 cactus
1f340 four-leaf clover
1f341 maple leaf
"""

FACES = """
!1f600 grinning face, grinning smiley
!1f642 smiling face, smiley, smiley face
1f60a smiling face with closed eyes, happy face
!1f602 laughing face, face with tears of joy
!1f60d face with heart eyes, smiley with heart eyes
1f618 kissing face, face blowing a kiss
1f609 winking face, winking smiley
!1f60e face with sunglasses, cool face
1f914 thinking face
1f634 sleeping face
!1f622 crying face
1f62d sobbing face, face crying loudly
!1f620 angry face
1f621 red angry face, furious face
1f62e surprised face, shocked face
1f631 screaming face
1f61b face with its tongue out, face sticking out its tongue
1f913 nerd face
1f920 cowboy face
1f973 party face, partying face
1f637 face with a medical mask
1f922 sick face, green face
1f641 sad face, frowning face
!1f480 skull
!1f47b ghost
!1f47d alien, green alien
1f47e space invader, pixel alien
!1f916 robot, robot face
1f921 clown, clown face
1f479 ogre
1f4a9 pile of poo, poop
1f608 purple devil, smiling devil
"""

PEOPLE = """
1f468 man
1f469 woman
1f466 boy
1f467 girl
1f476 baby
1f474 old man, grandpa
1f475 old woman, grandma
1f46e police officer
1f9d1-200d-1f680 astronaut
1f9d1-200d-1f373 cook, chef
1f9d1-200d-1f33e farmer
1f9d1-200d-1f692 firefighter
1f477 construction worker, builder
1f478 princess
1f934 prince
1f977 ninja
1f385 Santa Claus, Santa
1f9d9 wizard, mage
1f9da fairy
1f9db vampire
1f9df zombie
1f9dc-200d-2640 mermaid
1f9b8 superhero
1f44d ~thumbs up
1f44b waving hand
270c peace sign, victory hand
1f4aa flexed arm, strong arm
1f440 +eyes, pair of eyes
1f442 ear
1f463 +footprints
1f9e0 brain
1f9b7 tooth
1f9b4 bone
"""
