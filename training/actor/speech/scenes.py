"""Short scenes, line by line with the tone of each; the mood moves within a scene as it does in a play.

Rule: what a validation shot plays is never played in training; the two lists share no line.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """A monologue.

    Args:
        title: For the notes.
        lines: Tone and words of each, in order. The tones are those of `TONES`.
    """

    title: str
    lines: tuple[tuple[str, str], ...]


SCENES = (
    Scene("The letter", (
        ("tender", "I found your letter in the pocket of the blue coat."),
        ("tender", "You wrote it the summer we painted the boat, do you remember?"),
        ("amused", "You had more paint in your hair than on the wood, and you would not stop laughing."),
        ("thoughtful", "I read it by the window, twice, while the kettle boiled."),
        ("grieving", "I never answered. I thought there would always be time."),
        ("grieving", "Every evening I begin, and every evening I put the pen down again."),
        ("tender", "So here is my answer, late as it is. Yes. Of course it was yes."),
    )),
    Scene("The bridge", (
        ("commanding", "Nobody moves before I give the word. Nobody."),
        ("commanding", "Baker, take four men and hold the far end of the bridge."),
        ("furious", "I do not care what the map says, I can see the water from here!"),
        ("furious", "We lost a whole company because somebody believed a piece of paper."),
        ("tired", "We have had no sleep since Monday, and there will be none tonight."),
        ("commanding", "But if that bridge falls, the valley falls with it."),
        ("proud", "You are the best people I have ever served with. Move out."),
    )),
    Scene("The burglar", (
        ("afraid", "Did you hear that? There, below us, in the pantry."),
        ("afraid", "Somebody is walking about. I can hear the boards."),
        ("pleading", "Please, please do not open the door. Just wait with me."),
        ("afraid", "It is coming up the stairs. One step. Then another. Oh, why did we buy this house?"),
        ("surprised", "Wait. Is that, is that a whisker?"),
        ("amused", "It is Pepper! It is the neighbor's fat old cat with half a chicken in his mouth!"),
        ("amused", "Go away, you awful beast. My heart is beating like a drum."),
    )),
    Scene("The dinner", (
        ("sly", "So, they tell me you are leaving the firm. What a pity for all of us."),
        ("sly", "Have some more of the fish, it was very expensive."),
        ("amused", "No, no, I never believe a rumor. I merely collect them."),
        ("sly", "Of course, a person might wonder how a clerk could buy a house by the bay."),
        ("commanding", "Sit down. We have not had the pudding yet."),
        ("sly", "All I want is the little brown book. Bring it to me before Friday, and I shall forget the number."),
        ("amused", "You look pale. Is it the fish?"),
    )),
    Scene("The exam", (
        ("excited", "I passed! Mother, father, I passed, and with the best marks in the whole year!"),
        ("excited", "They read my name first, and everybody stood up and clapped."),
        ("proud", "Professor Wolfe shook my hand, and you know that he never shakes hands."),
        ("thoughtful", "I was so sure that I had failed. I had already packed my books."),
        ("tender", "I wish grandpa could have seen it. He would have bought me a peach pie."),
        ("excited", "Now put on your shoes, both of you. We are going out to dance!"),
    )),
    Scene("The mechanic", (
        ("bored", "Yeah. I looked at it. It is the pump, it is always the pump."),
        ("bored", "Five hundred, maybe six, depends on the valve."),
        ("disgusted", "Who put fish oil in the gear box? Ugh, the smell of it."),
        ("surprised", "You did? On purpose? But why would anyone do such a thing?"),
        ("amused", "A video. He saw it in a video. Did you hear that, Phil?"),
        ("thoughtful", "Well, it might still run, if I flush the whole thing and pray a bit."),
        ("neutral", "Come back on Thursday, and please, leave the fish at home."),
    )),
    Scene("The lighthouse", (
        ("tired", "Forty years I have climbed these steps, and every year somebody adds a few more."),
        ("thoughtful", "My father kept the lamp before me, and his mother before him."),
        ("afraid", "The winter of the great storm, the waves came over the roof."),
        ("afraid", "I tied myself to the rail and held the shutter with both hands, all night."),
        ("proud", "Eleven ships passed, and every one of them made it home."),
        ("grieving", "Now a machine will do it. They are taking the lamp on Sunday."),
        ("tired", "Well. I suppose I may sleep through a storm, for once."),
    )),
    Scene("The rehearsal", (
        ("commanding", "Stop, stop, stop. From the top of page five, please."),
        ("furious", "You are supposed to be a prince, not a man who waits for a bus!"),
        ("disgusted", "And that voice. It makes my teeth hurt."),
        ("pleading", "I beg you, give me one, only one, honest feeling."),
        ("thoughtful", "Think of somebody you have lost. Good. Now do not show me. Hide it."),
        ("surprised", "There. There it was! Did everybody see that?"),
        ("tender", "That was beautiful, my boy. That was really very beautiful."),
    )),
    Scene("The witness", (
        ("neutral", "I left the office at half past seven, as I always do."),
        ("thoughtful", "It was raining, and I had forgotten my umbrella, so I waited below the arch."),
        ("neutral", "A gray van stopped, and two men got out with a heavy box."),
        ("afraid", "One of them looked at me. Just for a moment. But I know that he saw me."),
        ("pleading", "You must believe me, I never spoke to anybody about it until now."),
        ("furious", "Do not call me a liar! I gave you the number of the van, what more do you want?"),
        ("tired", "I am sorry. I have not been sleeping. May I have some water?"),
    )),
    Scene("The recipe", (
        ("amused", "First of all, you need butter, and then you need much more butter."),
        ("excited", "Whip it with the sugar until your arm falls off. Like this! Chop, chop!"),
        ("neutral", "Fold in the flour, five spoons, and a very small pinch of salt."),
        ("sly", "And now the secret, which my aunt made me swear never to tell anyone."),
        ("amused", "Half a cup of plum brandy. And the other half is for the cook."),
        ("disgusted", "No, not the yellow bowl, that one was used for the dog."),
        ("excited", "Ooh, do you smell that? Everybody, bring your forks!"),
    )),
    Scene("The hospital", (
        ("tired", "They said we could go in, but only one of us at a time."),
        ("grieving", "He looks so small in that bed. His hands are quite cold."),
        ("pleading", "Wake up. Please wake up. I will never be cross with you again."),
        ("thoughtful", "The nurse told me that people can hear, even when they sleep like that."),
        ("tender", "So I told him about the farm, and the puppies, and the broken gate by the barn."),
        ("surprised", "Oh! He moved. His thumb moved. Somebody come, quickly!"),
        ("excited", "He is opening his eyes. Oh my brave boy, you are back!"),
    )),
    Scene("The market", (
        ("excited", "Fresh fish, fresh figs, five for a pound! Come on, ladies, before they swim away!"),
        ("amused", "You there, sir, with the fabulous mustache, what may I wrap for you?"),
        ("furious", "Hey! Put that back! I saw you, you little thief!"),
        ("thoughtful", "Ah well, he looked hungry. I was a boy like that myself."),
        ("sly", "Between you and me, these apples are the best, and nobody else has them."),
        ("bored", "No, we do not take cards. No, we never will."),
        ("commanding", "Move the truck, Barbara, you are blocking the whole road."),
    )),
    Scene("The goodbye", (
        ("neutral", "The train is on platform two. You have about five minutes."),
        ("tender", "I packed you an apple and the warm gloves, the ones with the bear."),
        ("amused", "Do not make that face. You love that bear."),
        ("afraid", "You will phone when you arrive, won't you? Even if it is very late?"),
        ("grieving", "I promised myself that I would not cry, and look at me."),
        ("proud", "Your mother would be so proud of you. I am. I am very, very proud."),
        ("tender", "Go on now. Give them a bow, and make them all love you."),
    )),
    Scene("The dragon", (
        ("thoughtful", "Once upon a time, above a village of seven chimneys, there lived a purple dragon."),
        ("sly", "She was not a wicked dragon. She was much worse. She was bored."),
        ("furious", "Who dares to bake bread, she roared, without giving me any?"),
        ("afraid", "And all the villagers shook, and hid below their beds, and whimpered."),
        ("commanding", "All but one. Step back, said Mabel, who was only four. Step back, you big lizard."),
        ("surprised", "And the dragon opened her mouth, and do you know what came out?"),
        ("amused", "A burp! The biggest burp in the whole wide world!"),
    )),
)  # fmt: skip

LATER_SCENES = (
    Scene("The inventor", (
        ("excited", "Behold, my friends, the very first machine that peels a boiled egg by itself!"),
        ("proud", "Nine years of work, four patents, and only one small fire."),
        ("thoughtful", "Now where is the switch? It was above the funnel a moment ago."),
        ("afraid", "Why is it humming? It has never hummed before."),
        ("furious", "Who moved the brown wire? I told everybody never to touch the brown wire!"),
        ("surprised", "Oh my. It peeled the egg. It really peeled the egg."),
        ("amused", "And it also peeled the table, but we will fix that by Monday."),
    )),
    Scene("The divorce", (
        ("tired", "We should talk about the house. The lawyer phoned again this morning."),
        ("bored", "Keep the piano, keep the chairs, I really do not mind."),
        ("sly", "Although I did notice that you have already moved the good wine."),
        ("furious", "Twelve years, and you tell me by post! By post, Vivian!"),
        ("grieving", "I used to hear your key in the door, and the whole day got better."),
        ("tender", "You still push your hair back when you are about to say something difficult."),
        ("pleading", "Could we not just have a cup of tea before we sign it?"),
    )),
    Scene("The captain", (
        ("commanding", "This is your captain. Please fasten your belts and put away all cups."),
        ("neutral", "We expect rough weather above the bay, for about fifteen minutes."),
        ("amused", "For those of you who ordered soup, I can only apologize."),
        ("afraid", "What was that? Did you feel that? Check the left engine, quickly."),
        ("commanding", "Both hands on the wheel. Bring the nose up. More. More!"),
        ("disgusted", "Something in here smells of burned rubber."),
        ("proud", "Well, ladies and gentlemen, welcome home. That was the best landing of my life."),
    )),
    Scene("The garden", (
        ("tender", "This rose was planted on the morning that you were born."),
        ("thoughtful", "For five years it gave us nothing but thorns, and I nearly dug it up."),
        ("surprised", "And then one June, fifty blooms, all at once, as big as soup plates."),
        ("sly", "Your grandmother claimed it was her magic powder. I think it was the mule."),
        ("disgusted", "Mind the slugs, by the way, they are everywhere this year."),
        ("excited", "Look, look up there, a wren! She is back to build her nest!"),
        ("grieving", "I only wish my old eyes could see her as well as you do."),
    )),
)  # fmt: skip
