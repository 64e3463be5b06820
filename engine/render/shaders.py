"""The GLSL programs. Colours are linear until the last line, which writes sRGB.

Skin: wrapped diffuse, red furthest, for light that scatters under the skin; GGX highlights (Walter et al. 2007).
"""

BACKDROP_VERTEX = """
#version 330 core
out vec2 place;
void main() {
    place = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    gl_Position = vec4(place, 1.0, 1.0);  // on the far plane: behind everything
}
"""

BACKDROP_FRAGMENT = """
#version 330 core
in vec2 place;
out vec4 pixel;
uniform vec3 centre_colour;              // as displayed: mixing two darks needs no linear light
uniform vec3 corner_colour;
void main() {
    float away = clamp(length(place * vec2(0.75, 0.7) + vec2(0.0, -0.05)), 0.0, 1.0);
    vec3 colour = mix(centre_colour, corner_colour, away * away * (3.0 - 2.0 * away));
    // One step of fixed dither hides the bands of a dark gradient (interleaved gradient noise, Jimenez 2014).
    float dither = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5;
    pixel = vec4(colour + dither / 255.0, 1.0);
}
"""

DEPTH_VERTEX = """
#version 330 core
layout(location = 0) in vec3 position;
uniform mat4 world_to_light;
void main() { gl_Position = world_to_light * vec4(position, 1.0); }
"""

DEPTH_FRAGMENT = """
#version 330 core
void main() {}
"""

WIRE_VERTEX = """
#version 330 core
layout(location = 0) in vec3 position;
layout(location = 4) in float opacity;
uniform mat4 world_to_camera;
uniform mat4 projection;
out float shown;
void main() {
    vec4 place = world_to_camera * vec4(position, 1.0);
    place.z += 0.03;  // towards the viewer, so that the edges stand on the surface
    shown = opacity;
    gl_Position = projection * place;
}
"""

WIRE_FRAGMENT = """
#version 330 core
in float shown;
out vec4 pixel;
uniform vec4 colour;
void main() { pixel = vec4(colour.rgb, colour.a * shown); }
"""

SURFACE_VERTEX = """
#version 330 core
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 texture_place;
layout(location = 3) in vec2 material;   // gloss (0 skin, 1 wet), occlusion
layout(location = 4) in float opacity;
layout(location = 5) in float error_mm;
uniform mat4 world_to_camera;
uniform mat4 projection;
uniform mat4 world_to_light;
out vec3 place;
out vec3 direction;
out vec3 shadow_place;
out vec2 uv;
out vec2 surface;
out float shown;
out float distance_mm;
void main() {
    vec4 in_camera = world_to_camera * vec4(position, 1.0);
    place = in_camera.xyz;
    direction = mat3(world_to_camera) * normal;
    vec4 in_light = world_to_light * vec4(position + normal * 0.12, 1.0);
    shadow_place = in_light.xyz * 0.5 + 0.5;
    uv = texture_place;
    surface = material;
    shown = opacity;
    distance_mm = error_mm;
    gl_Position = projection * in_camera;
}
"""

# Specialised by a first line `#define SHADING n`: software renderers execute every branch they are given.
SURFACE_FRAGMENT = """
in vec3 place;
in vec3 direction;
in vec3 shadow_place;
in vec2 uv;
in vec2 surface;
in float shown;
in float distance_mm;
out vec4 pixel;
uniform sampler2D skin;
uniform sampler2DShadow shadow;
uniform bool has_shadow;
uniform float error_range_mm;
uniform vec3 lamp_towards[3];
uniform vec3 lamp_colour[3];
uniform vec3 sky;
uniform vec3 ground;

float lit_share() {
    if (!has_shadow) return 1.0;
    const vec2 taps[3] = vec2[](vec2(1.0, 0.4), vec2(-0.85, 0.75), vec2(-0.15, -1.1));
    float sum = 0.0;
    for (int i = 0; i < 3; ++i)
        sum += texture(shadow, vec3(shadow_place.xy + taps[i] / 640.0, shadow_place.z - 0.0015));
    return sum / 3.0;
}

float highlight(vec3 n, vec3 l, vec3 v, float roughness, float reflectance) {
    vec3 h = normalize(l + v);
    float nl = max(dot(n, l), 0.0), nv = max(dot(n, v), 0.05), nh = max(dot(n, h), 0.0), vh = max(dot(v, h), 0.0);
    float a2 = roughness * roughness * roughness * roughness;
    float d = nh * nh * (a2 - 1.0) + 1.0;
    float k = roughness * roughness * 0.5;
    float visibility = 1.0 / (4.0 * (nl * (1.0 - k) + k) * (nv * (1.0 - k) + k));
    float f = 1.0 - vh, f2 = f * f;
    float fresnel = reflectance + (1.0 - reflectance) * f2 * f2 * f;
    return min(a2 / (3.14159 * d * d), 40.0) * visibility * fresnel * nl;
}

vec3 false_colour(float t) {             // dark blue, cyan, green, yellow, red: even steps, no black
    t = clamp(t, 0.0, 1.0);
    vec3 cold = mix(vec3(0.16, 0.22, 0.46), vec3(0.10, 0.55, 0.72), smoothstep(0.0, 0.25, t));
    vec3 mild = mix(cold, vec3(0.30, 0.72, 0.38), smoothstep(0.25, 0.5, t));
    vec3 warm = mix(mild, vec3(0.95, 0.78, 0.25), smoothstep(0.5, 0.75, t));
    return mix(warm, vec3(0.84, 0.16, 0.16), smoothstep(0.75, 1.0, t));
}

vec3 displayed(vec3 colour) {            // linear to sRGB, within 0.5 % by square roots
    vec3 a = sqrt(max(colour, 0.0)), b = sqrt(a), c = sqrt(b);
    return 0.585122381 * a + 0.783140355 * b - 0.368262736 * c;
}

void main() {
    vec3 n = normalize(direction);
    float gloss = surface.x;
#if SHADING == 3                         // normals
    pixel = vec4(n * 0.5 + 0.5, shown);
#else
    vec3 v = normalize(-place);
#if SHADING == 0                         // skin
    vec3 texel = texture(skin, uv).rgb;
    vec3 base = texel * texel * (texel * 0.305 + 0.682) + texel * 0.0125;  // sRGB to linear, a cubic fit
    vec3 wrap = mix(vec3(0.42, 0.20, 0.13), vec3(0.15), gloss);
    float roughness = mix(0.50, 0.16, gloss), reflectance = mix(0.032, 0.045, gloss);
#elif SHADING == 1                       // clay
    vec3 base = vec3(0.50, 0.47, 0.45), wrap = vec3(0.15);
    const float roughness = 0.55, reflectance = 0.03;
#else                                    // error, expected error
    vec3 base = pow(false_colour(distance_mm / error_range_mm), vec3(2.2)) * 0.9, wrap = vec3(0.3);
    const float roughness = 0.7, reflectance = 0.02;
#endif
    vec3 light = mix(ground, sky, n.y * 0.5 + 0.5) * surface.y;
    float open = lit_share();
    bool in_mouth = gloss > 0.5 && gloss < 0.9;
    vec3 shine_colour = vec3(0.0);
    for (int i = 0; i < 3; ++i) {
        if (in_mouth && i == 2) continue;    // the rim's lamp stands behind the head
        vec3 l = lamp_towards[i];
        float cosine = dot(n, l);
        float share = mix(1.0, surface.y, 0.6);
        if (i == 0) share *= open;
        vec3 wrapped = max((vec3(cosine) + wrap) / (1.0 + wrap), 0.0);
        // Red travels furthest under the skin, so a shadow's edge turns red.
        light += lamp_colour[i] * wrapped * vec3(mix(share, share * (2.0 - share), 0.5), share, share);
        if (i != 1) shine_colour += lamp_colour[i] * share * highlight(n, l, v, roughness, reflectance);
    }
#if SHADING == 0                         // in the lips' shade light comes from gums and cheeks: warm, never gray
    if (in_mouth) light *= mix(vec3(1.0), vec3(1.25, 0.95, 0.80), 1.0 - open);
#endif
    vec3 colour = base * light * 0.80 + shine_colour * (gloss > 0.5 ? 0.8 : 1.3);
    colour = colour / (1.0 + max(colour - 0.75, 0.0) * 0.9);   // a shoulder instead of clipping
    pixel = vec4(displayed(colour), shown);
#endif
}
"""


def surface_fragment(shading: int) -> str:
    """The surface's fragment source for the shading of this place in `Shading`."""
    return f"#version 330 core\n#define SHADING {shading}\n{SURFACE_FRAGMENT}"
