"""The studio's GLSL. Colours are linear until the last line; everything happens in the head's own space.

Rule: diffuse light is summed at the vertices, from many small lamps each with its own shadow; only highlights are made
at the pixels. So a soft shadow costs a software renderer no more than a hard one.
"""

from engine.render.sheen import SHEEN_SCALE

DEPTH_VERTEX = """
#version 330 core
layout(location = 0) in vec3 position;
uniform vec3 centre;
uniform vec3 axes[3];                    // the lamp's right, up and direction, over the scene's radius
void main() {
    vec3 from_centre = position - centre;
    gl_Position = vec4(dot(axes[0], from_centre), dot(axes[1], from_centre), -dot(axes[2], from_centre), 1.0);
}
"""

DEPTH_FRAGMENT = """
#version 330 core
void main() {}
"""

# Begins with `#define NUM_LIGHTS`, `COLUMNS`, `ROWS`.
VERTEX = """
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 texture_place;
layout(location = 3) in vec3 material;   // gloss (0 skin, 1 wet), how far light wanders below, share of the sheen
uniform mat4 head_to_camera;
uniform mat4 projection;
uniform vec3 centre;
uniform vec3 eye_point;                  // the camera's place
uniform vec3 light_right[NUM_LIGHTS];    // over the scene's radius
uniform vec3 light_up[NUM_LIGHTS];
uniform vec3 light_towards[NUM_LIGHTS];
uniform vec3 light_colour[NUM_LIGHTS];
uniform vec3 light_group[NUM_LIGHTS];    // this sample's share of key, fill and rim
uniform float radius_cm;
uniform sampler2DShadow shadows;
out vec3 towards_eye;                    // unit; cameras are far, so it is as good as straight between vertices
out vec3 direction;
out vec2 uv;
out vec3 light;
out vec3 open_to;                        // how much of key, fill and rim is seen from here
out vec2 finish;                         // gloss, share of the sheen

void main() {
    vec3 wrap = mix(vec3(0.06), vec3(0.36, 0.19, 0.12), material.y);
    vec3 lifted = position + normal * 0.14 - centre;
    light = vec3(0.0);
    open_to = vec3(0.0);
    float open_share = 0.0;
    for (int i = 0; i < NUM_LIGHTS; ++i) {
        vec3 in_tile = vec3(dot(light_right[i], lifted), dot(light_up[i], lifted),
                            -dot(light_towards[i], lifted) / radius_cm) * 0.5 + 0.5;
        vec2 tile = vec2(i % COLUMNS, i / COLUMNS);
        vec2 spot = (clamp(in_tile.xy, 0.004, 0.996) + tile) / vec2(COLUMNS, ROWS);
        float open = textureLod(shadows, vec3(spot, in_tile.z - 0.003), 0.0);
        vec3 off = abs(in_tile - 0.5);   // no shadow is known outside the map
        open = mix(open, 1.0, smoothstep(0.44, 0.495, max(off.x, max(off.y, off.z))));
        float cosine = dot(normal, light_towards[i]);
        // Red travels furthest under the skin: round the curve, and into the shadow's edge.
        vec3 wrapped = max((vec3(cosine) + wrap) / (1.0 + wrap), 0.0);
        light += light_colour[i] * wrapped * open;
        open_to += light_group[i] * open;
        open_share += open / float(NUM_LIGHTS);
    }
    // Teeth and tongue in the lips' shade still get what gums and cheeks send on: warm light, never gray.
    light += smoothstep(0.45, 0.6, material.x) * (1.0 - open_to.x) * vec3(0.20, 0.115, 0.095);
    // So does what no lamp sees, palate and cheeks, dark red.
    light += pow(1.0 - open_share, 6.0) * vec3(0.16, 0.07, 0.06);
    towards_eye = normalize(eye_point - position);
    direction = normal;
    uv = texture_place;
    finish = material.xz;
    gl_Position = projection * (head_to_camera * vec4(position, 1.0));
}
"""

_COMMON = """
in vec3 towards_eye;
in vec3 direction;
in vec2 uv;
in vec3 light;
in vec3 open_to;
in vec2 finish;
out vec4 pixel;
uniform sampler2D skin;
uniform vec3 lamp_towards[3];            // key, fill, rim
uniform vec3 lamp_colour[3];
uniform float exposure;

vec3 linear(vec3 texel) {                // sRGB to linear, a cubic fit
    return texel * texel * (texel * 0.305 + 0.682) + texel * 0.0125;
}

vec4 exposed(vec3 colour) {
    colour *= exposure;
    colour = colour / (1.0 + max(colour - 0.70, 0.0) * 0.85);  // a shoulder instead of clipping
#if IS_GRAY
    float a = sqrt(dot(colour, vec3(0.2126, 0.7152, 0.0722))), b = sqrt(a), c = sqrt(b);
    return vec4(vec3(0.585122381 * a + 0.783140355 * b - 0.368262736 * c), 1.0);
#else
    vec3 a = sqrt(colour), b = sqrt(a), c = sqrt(b);           // linear to sRGB, within 0.5 %
    return vec4(0.585122381 * a + 0.783140355 * b - 0.368262736 * c, 1.0);
#endif
}
"""

SURFACE_FRAGMENT = (
    _COMMON
    + """
float lobe(float nh2, float a2) {        // GGX (Walter et al. 2007), without its 1 / pi
    float d = nh2 * (a2 - 1.0) + 1.0;
    return a2 / (d * d);
}

void main() {
    vec3 n = normalize(direction), v = towards_eye;
    vec4 texel = texture(skin, uv);
    float gloss = finish.x, sheen = max(texel.a * SHEEN_SCALE * finish.y, gloss);
    float rough = mix(0.47, 0.28, gloss), wide = mix(0.68, 0.46, gloss);  // soft boxes: wider than skin's own
    float a2 = rough * rough * rough * rough, b2 = wide * wide * wide * wide;
    float nv = dot(n, v);
    vec3 shine = vec3(0.0);
    for (int i = 0; i < 3; ++i) {
        // The half vector h itself is not needed, only its cosines: h = (l + v) / |l + v|.
        float nl = max(dot(n, lamp_towards[i]), 0.0), nh = max(nl + nv, 0.0);
        float lh2 = max(0.5 + 0.5 * dot(lamp_towards[i], v), 0.06), over = 0.25 / lh2;
        // Two lobes, as skin has; what hides light from the eye and the lamp, after Kelemen and Szirmay-Kalos 2001.
        float d = lobe(nh * nh * over, b2);
        if (i == 0) d = mix(d, lobe(nh * nh * over, a2), 0.4);
        float f2 = (1.0 - lh2) * (1.0 - lh2), f4 = f2 * f2;
        float fresnel = 0.03 + 0.97 * f4 * f4 * f4;  // as Schlick's, of the cosine's square
        shine += lamp_colour[i] * (open_to[i] * nl * min(d * over, 12.0) * fresnel);
    }
    pixel = exposed(linear(texel.rgb) * light * 0.80 + shine * sheen * 0.85);
}
"""
)

EYE_FRAGMENT = (
    _COMMON
    + """
uniform vec3 gaze;
uniform vec3 box_right[3];               // half the box's side, as a tangent, along its own axes
uniform vec3 box_up[3];
uniform float box_glow[3];               // radiance over irradiance

float in_box(vec3 r, int i) {
    float t = dot(r, lamp_towards[i]);
    if (t <= 0.05) return 0.0;
    vec3 p = r / t;
    vec2 at = abs(vec2(dot(p, box_right[i]), dot(p, box_up[i])));
    return smoothstep(1.12, 0.88, at.x) * smoothstep(1.12, 0.88, at.y);
}

void main() {
    vec3 n = normalize(direction), v = normalize(towards_eye);
    vec3 base = linear(texture(skin, uv).rgb);
    // The cornea stands out of the eyeball: a smaller sphere over the iris.
    float along = dot(n, gaze);
    float cornea = smoothstep(0.905, 0.945, along);
    vec3 wet = normalize(n + cornea * 0.95 * (n - gaze * along));
    vec3 r = reflect(-v, wet);
    float f = 1.0 - max(dot(wet, v), 0.0), f2 = f * f;
    float shine = 0.03 + 0.97 * f2 * f2 * f;
    vec3 mirrored = vec3(0.0);
    for (int i = 0; i < 3; ++i) mirrored += lamp_colour[i] * (open_to[i] * box_glow[i] * in_box(r, i));
    pixel = exposed(base * light * 0.84 + shine * (mirrored + 0.25 * light));
}
"""
)

BACKDROP_FRAGMENT = """
#version 330 core
in vec2 place;
out vec4 pixel;
uniform vec3 centre_colour;              // as displayed, exposure included
uniform vec3 corner_colour;
void main() {
    float away = clamp(length(place * vec2(0.75, 0.7) + vec2(0.0, -0.05)), 0.0, 1.0);
    vec3 colour = mix(centre_colour, corner_colour, away * away * (3.0 - 2.0 * away));
    pixel = vec4(colour, 1.0);
}
"""


def vertex_source(num_lights: int, num_columns: int, num_rows: int) -> str:
    """The vertex shader for this many lights, whose depth maps lie in so many columns and rows."""
    return (
        f"#version 330 core\n#define NUM_LIGHTS {num_lights}\n#define COLUMNS {num_columns}\n#define ROWS {num_rows}\n"
        + VERTEX
    )


def fragment_source(body: str, is_gray: bool) -> str:
    """A fragment shader that writes colour or gray."""
    return f"#version 330 core\n#define IS_GRAY {int(is_gray)}\n#define SHEEN_SCALE {SHEEN_SCALE}\n{body}"
