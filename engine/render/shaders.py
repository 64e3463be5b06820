"""The GLSL programs. Colours are linear until the last line, which writes sRGB.

Skin: wrapped diffuse, red furthest, for light that scatters under the skin; GGX highlights (Walter et al. 2007).
"""

BACKDROP_VERTEX = """
#version 330 core
out vec2 place;
void main() {
    place = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    gl_Position = vec4(place, 0.0, 1.0);
}
"""

BACKDROP_FRAGMENT = """
#version 330 core
in vec2 place;
out vec4 pixel;
uniform vec3 centre_colour;
uniform vec3 corner_colour;
void main() {
    float away = clamp(length(place * vec2(0.75, 0.7) + vec2(0.0, -0.05)), 0.0, 1.0);
    vec3 colour = mix(centre_colour, corner_colour, away * away * (3.0 - 2.0 * away));
    colour = pow(colour, vec3(1.0 / 2.2));
    // One step of fixed dither hides the bands of a dark gradient.
    float dither = fract(sin(dot(gl_FragCoord.xy, vec2(12.9898, 78.233))) * 43758.5453) - 0.5;
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

SURFACE_FRAGMENT = """
#version 330 core
in vec3 place;
in vec3 direction;
in vec3 shadow_place;
in vec2 uv;
in vec2 surface;
in float shown;
in float distance_mm;
out vec4 pixel;
uniform int shading;                     // 0 skin, 1 clay, 2 error, 3 normals
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
    const vec2 taps[5] = vec2[](vec2(0.0), vec2(1.2, 0.5), vec2(-0.5, 1.2), vec2(-1.2, -0.5), vec2(0.5, -1.2));
    float sum = 0.0;
    for (int i = 0; i < 5; ++i)
        sum += texture(shadow, vec3(shadow_place.xy + taps[i] / 640.0, shadow_place.z - 0.0015));
    return sum / 5.0;
}

float highlight(vec3 n, vec3 l, vec3 v, float roughness, float reflectance) {
    vec3 h = normalize(l + v);
    float nl = max(dot(n, l), 0.0), nv = max(dot(n, v), 0.05), nh = max(dot(n, h), 0.0), vh = max(dot(v, h), 0.0);
    float a2 = roughness * roughness * roughness * roughness;
    float d = nh * nh * (a2 - 1.0) + 1.0;
    float k = roughness * roughness * 0.5;
    float visibility = 1.0 / (4.0 * (nl * (1.0 - k) + k) * (nv * (1.0 - k) + k));
    float fresnel = reflectance + (1.0 - reflectance) * exp2((-5.55473 * vh - 6.98316) * vh);
    return min(a2 / (3.14159 * d * d), 40.0) * visibility * fresnel * nl;
}

vec3 false_colour(float t) {             // dark blue, cyan, green, yellow, red: even steps, no black
    t = clamp(t, 0.0, 1.0);
    vec3 cold = mix(vec3(0.16, 0.22, 0.46), vec3(0.10, 0.55, 0.72), smoothstep(0.0, 0.25, t));
    vec3 mild = mix(cold, vec3(0.30, 0.72, 0.38), smoothstep(0.25, 0.5, t));
    vec3 warm = mix(mild, vec3(0.95, 0.78, 0.25), smoothstep(0.5, 0.75, t));
    return mix(warm, vec3(0.84, 0.16, 0.16), smoothstep(0.75, 1.0, t));
}

void main() {
    vec3 n = normalize(direction);
    vec3 v = normalize(-place);
    if (shading == 3) {
        pixel = vec4(n * 0.5 + 0.5, shown);
        return;
    }
    float gloss = surface.x;
    vec3 base;
    vec3 wrap;
    float roughness, reflectance;
    if (shading == 0) {
        vec3 texel = texture(skin, uv).rgb;
        base = texel * texel * (texel * 0.305 + 0.682) + texel * 0.0125;  // sRGB to linear, a cubic fit
        wrap = mix(vec3(0.42, 0.20, 0.13), vec3(0.15), gloss);
        roughness = mix(0.50, 0.16, gloss);
        reflectance = mix(0.032, 0.045, gloss);
    } else if (shading == 1) {
        base = vec3(0.50, 0.47, 0.45);
        wrap = vec3(0.15);
        roughness = 0.55;
        reflectance = 0.03;
    } else {
        base = pow(false_colour(distance_mm / error_range_mm), vec3(2.2)) * 0.9;
        wrap = vec3(0.3);
        roughness = 0.7;
        reflectance = 0.02;
    }
    vec3 light = mix(ground, sky, n.y * 0.5 + 0.5) * surface.y;
    float shine = 0.0;
    vec3 shine_colour = vec3(0.0);
    for (int i = 0; i < 3; ++i) {
        vec3 l = lamp_towards[i];
        float share = (i == 0 ? lit_share() : 1.0);
        share = mix(share, share * surface.y, 0.6);
        vec3 wrapped = max((vec3(dot(n, l)) + wrap) / (1.0 + wrap), 0.0);
        light += lamp_colour[i] * wrapped * mix(vec3(share), pow(vec3(share), vec3(0.7, 1.0, 1.1)), 0.6);
        shine_colour += lamp_colour[i] * share * highlight(n, l, v, roughness, reflectance);
    }
    vec3 colour = base * light * 0.80 + shine_colour * (gloss > 0.5 ? 0.8 : 1.3);
    colour = colour / (1.0 + max(colour - 0.75, 0.0) * 0.9);   // a shoulder instead of clipping
    pixel = vec4(pow(colour, vec3(1.0 / 2.2)), shown);
}
"""
