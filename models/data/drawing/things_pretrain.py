"""The 46 categories that the backbone is pre-trained on, in the order of its class ids.

None of them is a class of the demo sets, as ImageNet's classes are none of CIFAR-10's. A few are cousins, in
shape or in kind, and their files say so: bus (car), tree, flower and cactus (potted plant), bulb and candle
(lamp), vase and pan (mug, teapot), table and bed (chair), windmill (house), anchor (sailboat), mushroom and
balloon (umbrella).
"""

from __future__ import annotations

from models.data.drawing import (
    things_pretrain_animals,
    things_pretrain_desk,
    things_pretrain_festive,
    things_pretrain_home,
    things_pretrain_kitchen,
    things_pretrain_plants,
    things_pretrain_travel,
    things_pretrain_wear,
)
from models.data.drawing.pen import Thing

THINGS: dict[str, Thing] = {
    **things_pretrain_kitchen.THINGS,
    **things_pretrain_plants.THINGS,
    **things_pretrain_animals.THINGS,
    **things_pretrain_travel.THINGS,
    **things_pretrain_home.THINGS,
    **things_pretrain_desk.THINGS,
    **things_pretrain_wear.THINGS,
    **things_pretrain_festive.THINGS,
}
