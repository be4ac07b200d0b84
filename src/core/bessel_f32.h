/* bessel_f32.h: Bessel functions and Airy's in float32 with PyTorch's steps, for every backend: Cephes' approximations (S. Moshier), their sums by fmaf.
 *
 * What is near a zero, or far out, is what these steps leave of it; bessel.h has the functions themselves.
 *
 *   modulus and phase   J, Y = sqrt(2 / pi x) (P cos t - 5/x Q sin t), .. (P sin t + 5/x Q cos t),  t = x - phase,  P and Q rational in 25/x^2 */
#ifndef TP__BESSEL_F32_H
#define TP__BESSEL_F32_H

#include <math.h>
#include <stdbool.h>

#include "core/philox.h"

TP__ANYWHERE static inline float tp__horner_f32(const float *c, int n, float x)
{
    float y = 0;
    for (int i = 0; i < n; i++) y = fmaf(y, x, c[i]);
    return y;
}
/* Chebyshev's series by Clenshaw's sum */
TP__ANYWHERE static inline float tp__clenshaw_f32(const float *c, int n, float x)
{
    float a = c[0], q = 0, p = 0;
    for (int i = 1; i < n; i++) {
        p = q;
        q = a;
        a = fmaf(x, q, -p) + c[i];
    }
    return 0.5f * (a - p);
}

/* ---- I, K -------------------------------------------------------------------------------------------------------------------------- */

/* e^-x I_0(x), x >= 0; beyond 8 without the last factor 1 / sqrt x */
TP__ANYWHERE static inline float tp__scaled_i0_f32(float x)
{
    static const float near[] = { -4.4153416e-18f, 3.3307946e-17f, -2.43128e-16f, 1.7153913e-15f, -1.1685333e-14f, 7.676185e-14f, -4.856447e-13f,
        2.9550527e-12f, -1.7268263e-11f, 9.675809e-11f, -5.189796e-10f, 2.6598237e-9f, -1.300025e-8f, 6.046995e-8f, -2.6707937e-7f, 1.1173876e-6f,
        -4.416738e-6f, 1.6448448e-5f, -5.754195e-5f, 0.00018850289f, -0.0005763756f, 0.0016394756f, -0.00432431f, 0.010546461f, -0.023737416f,
        0.049305283f, -0.0949011f, 0.1716209f, -0.30468267f, 0.6767953f };
    static const float far[] = { -7.233181e-18f, -4.8305044e-18f, 4.4656216e-17f, 3.4612228e-17f, -2.827624e-16f, -3.4254857e-16f, 1.7725601e-15f,
        3.811681e-15f, -9.554847e-15f, -4.1505692e-14f, 1.5400861e-14f, 3.8527783e-13f, 7.1801246e-13f, -1.7941785e-12f, -1.3215812e-11f,
        -3.1499164e-11f, 1.1889147e-11f, 4.9406024e-10f, 3.396232e-9f, 2.266669e-8f, 2.0489186e-7f, 2.8913705e-6f, 6.8897585e-5f, 0.0033691165f,
        0.8044904f };
    return x <= 8 ? tp__clenshaw_f32(near, 30, 0.5f * x - 2) : tp__clenshaw_f32(far, 25, 32 / x - 2);
}
/* The same of e^-x I_1(x), up to 8 without the last factor x. brief: i1's own series, else the ones that K needs */
TP__ANYWHERE static inline float tp__scaled_i1_f32(float x, bool brief)
{
    enum { NEAR = 29, FAR = 25, BRIEF_NEAR = 17, BRIEF_FAR = 7 };
    static const float near[] = { 2.777914e-18f, -2.1114212e-17f, 1.553632e-16f, -1.105597e-15f, 7.600684e-15f, -5.0421855e-14f, 3.2237933e-13f,
        -1.9839744e-12f, 1.1736187e-11f, -6.66349e-11f, 3.6255904e-10f, -1.8872497e-9f, 9.381537e-9f, -4.445059e-8f, 2.0032948e-7f, -8.56872e-7f,
        3.4702514e-6f, -1.3273164e-5f, 4.781565e-5f, -0.00016176082f, 0.000512286f, -0.0015135724f, 0.004156423f, -0.010564085f, 0.024726449f,
        -0.052945983f, 0.10264366f, -0.17641652f, 0.2525872f };
    static const float far[] = { 7.517297e-18f, 4.414348e-18f, -4.6503055e-17f, -3.209526e-17f, 2.962629e-16f, 3.3082023e-16f, -1.8803547e-15f,
        -3.8144032e-15f, 1.0420277e-14f, 4.27244e-14f, -2.1015418e-14f, -4.083551e-13f, -7.1985517e-13f, 2.0356286e-12f, 1.4125807e-11f,
        3.2526037e-11f, -1.8974959e-11f, -5.5897437e-10f, -3.8353805e-9f, -2.6314689e-8f, -2.512236e-7f, -3.8825647e-6f, -0.00011058894f,
        -0.009761098f, 0.77857625f };
    if (x <= 8) return brief ? tp__clenshaw_f32(near + NEAR - BRIEF_NEAR, BRIEF_NEAR, 0.5f * x - 2) : tp__clenshaw_f32(near, NEAR, 0.5f * x - 2);
    return brief ? tp__clenshaw_f32(far + FAR - BRIEF_FAR, BRIEF_FAR, 32 / x - 2) : tp__clenshaw_f32(far, FAR, 32 / x - 2);
}

TP__ANYWHERE static inline float tp__i0_f32(float v)
{
    const float x = fabsf(v), y = expf(x) * tp__scaled_i0_f32(x);
    return x <= 8 ? y : y / sqrtf(x);
}
TP__ANYWHERE static inline float tp__i0e_f32(float v)
{
    const float x = fabsf(v), y = tp__scaled_i0_f32(x);
    return x <= 8 ? y : y / sqrtf(x);
}
TP__ANYWHERE static inline float tp__i1_f32(float v)
{
    const float x = fabsf(v), s = tp__scaled_i1_f32(x, true), y = x <= 8 ? expf(x) * x * s : expf(x) * s / sqrtf(x);
    return v < 0 ? -y : y;
}
TP__ANYWHERE static inline float tp__i1e_f32(float v)
{
    const float x = fabsf(v), s = tp__scaled_i1_f32(x, true), y = x <= 8 ? s * x : s / sqrtf(x);
    return v < 0 ? -y : y;
}
TP__ANYWHERE static inline float tp__modified_i1_f32(float v)
{
    const float x = fabsf(v), s = tp__scaled_i1_f32(x, false), y = x <= 8 ? s * x * expf(x) : expf(x) * s / sqrtf(x);
    return v < 0 ? -y : y;
}

/* x > 0 */
TP__ANYWHERE static inline float tp__bessel_k0_f32(float x, bool scaled)
{
    static const float near[] = { 1.3744654e-16f, 4.259816e-14f, 1.0349695e-11f, 1.9045163e-9f, 2.534791e-7f, 2.2862121e-5f, 0.0012646155f, 0.035979938f,
        0.3442899f, -0.5353274f };
    static const float far[] = { 5.3004336e-18f, -1.6475805e-17f, 5.2103915e-17f, -1.6782311e-16f, 5.512056e-16f, -1.8485933e-15f, 6.3400763e-15f,
        -2.2275134e-14f, 8.0328905e-14f, -2.980097e-13f, 1.1403405e-12f, -4.514598e-12f, 1.855949e-11f, -7.9574895e-11f, 3.5773973e-10f,
        -1.6975346e-9f, 8.574034e-9f, -4.66049e-8f, 2.7668136e-7f, -1.8317555e-6f, 1.3949813e-5f, -0.00012849549f, 0.0015698839f, -0.0314481f,
        2.440303f };
    if (x > 2) {
        const float s = tp__clenshaw_f32(far, 25, 8 / x - 2);
        return (scaled ? s : expf(-x) * s) / sqrtf(x);
    }
    const float s = tp__clenshaw_f32(near, 10, fmaf(x, x, -2));
    if (scaled) return fmaf(-logf(0.5f * x), tp__i0_f32(x), s) * expf(x);
    return (float)fma(-log(0.5 * (double)x), (double)tp__i0_f32(x), (double)s);
}
TP__ANYWHERE static inline float tp__bessel_k1_f32(float x, bool scaled)
{
    static const float near[] = { -7.0238636e-18f, -2.4274499e-15f, -6.666902e-13f, -1.4114884e-10f, -2.2133877e-8f, -2.433406e-6f, -0.0001730289f,
        -0.006975724f, -0.12261118f, -0.35315597f, 1.5253003f };
    static const float far[] = { -5.7567444e-18f, 1.7940509e-17f, -5.689463e-17f, 1.8380935e-16f, -6.0570474e-16f, 2.038703e-15f, -7.0198372e-15f,
        2.4771545e-14f, -8.9767054e-14f, 3.3484196e-13f, -1.289174e-12f, 5.1396396e-12f, -2.1299679e-11f, 9.218315e-11f, -4.1903547e-10f,
        2.0150497e-9f, -1.03457625e-8f, 5.741084e-8f, -3.5019605e-7f, 2.406485e-6f, -1.936198e-5f, 0.00019521551f, -0.0028578169f, 0.10392374f,
        2.720626f };
    if (x > 2) {
        const float s = tp__clenshaw_f32(far, 25, 8 / x - 2);
        return (scaled ? s : expf(-x) * s) / sqrtf(x);
    }
    const float y = fmaf(logf(0.5f * x), tp__modified_i1_f32(x), tp__clenshaw_f32(near, 11, fmaf(x, x, -2)) / x);
    return scaled ? y * expf(x) : y;
}
TP__ANYWHERE static inline float tp__modified_k_f32(int n, float x, bool scaled)
{
    if (x == 0) return INFINITY;
    if (x < 0 || x != x) return NAN;
    return n ? tp__bessel_k1_f32(x, scaled) : tp__bessel_k0_f32(x, scaled);
}

/* ---- J, Y -------------------------------------------------------------------------------------------------------------------------- */

/* Beyond 5 */
TP__ANYWHERE static inline float tp__wave_f32(int n, float x, bool second)
{
    static const float pp[2][7] = { { 0.00079693674f, 0.08283524f, 1.2395337f, 5.44725f, 8.747165f, 5.3032403f, 1.0f },
                                    { 0.0007621256f, 0.073139705f, 1.1271961f, 5.1120796f, 8.424046f, 5.214516f, 1.0f } };
    static const float pq[2][7] = { { 0.0009244088f, 0.085628845f, 1.2535274f, 5.4709773f, 8.761909f, 5.3060527f, 1.0f },
                                    { 0.00057132315f, 0.06884559f, 1.1051424f, 5.073864f, 8.399856f, 5.2098284f, 1.0f } };
    static const float qp[2][8] = { { -0.011366384f, -1.2825272f, -19.553955f, -93.20602f, -177.68117f, -147.0775f, -51.410534f, -6.0501437f },
                                    { 0.05108626f, 4.9821386f, 75.82383f, 366.7796f, 710.8563f, 597.4896f, 211.68875f, 25.20702f } };
    static const float qq[2][7] = { { 64.317825f, 856.43005f, 3882.4019f, 7240.468f, 5930.727f, 2062.0933f, 242.00574f },
                                    { 74.23733f, 1056.4489f, 4986.4106f, 9562.319f, 7997.0415f, 2826.1929f, 336.0936f } };
    const float z = n ? 5 / x * (5 / x) : 25 / (x * x), t = x - (n ? 2.356194490192344928847f : 0.785398163397448309616f);
    const float p = tp__horner_f32(pp[n], 7, z) / tp__horner_f32(pq[n], 7, z);
    const float q = 5 / x * (tp__horner_f32(qp[n], 8, z) / tp__horner_f32(qq[n], 7, z));
    const float y = second ? fmaf(p, sinf(t), q * cosf(t)) : fmaf(p, cosf(t), -(q * sinf(t)));
    return y * 0.797884560802865355880f / sqrtf(x);
}

TP__ANYWHERE static inline float tp__bessel_j_f32(int n, float v)
{
    static const float rp[2][4] = { { -4.794432e9f, 1.9561749e12f, -2.4924834e14f, 9.708622e15f },
                                    { -8.999712e8f, 4.522283e11f, -7.274942e13f, 3.6829573e15f } };
    static const float rq[2][8] = { { 499.56314f, 173785.4f, 48440964.0f, 1.1185553e10f, 2.1127753e12f, 3.105182e14f, 3.1812196e16f, 1.7108629e18f },
                                    { 620.8365f, 256987.25f, 8.351468e7f, 2.215116e10f, 4.749141e12f, 7.843696e14f, 8.952224e16f, 5.3227864e18f } };
    const float x = fabsf(v), z = x * x;
    if (!(x <= 5)) return n && v < 0 ? -tp__wave_f32(n, x, false) : tp__wave_f32(n, x, false);
    if (n == 0 && x < 0.00001f) return fmaf(z, -0.25f, 1);
    const float p = tp__horner_f32(rp[n], 4, z), q = tp__horner_f32(rq[n], 8, z);
    if (n == 0) return (z - 5.78318596294678452118f) * (z - 30.4712623436620863991f) * p / q;
    return p / q * v * (z - 14.6819706421238932572f) * (z - 49.2184563216946036703f);
}

TP__ANYWHERE static inline float tp__bessel_y_f32(int n, float x)
{
    static const float p0[] = { 15592.437f, -1.466393e7f, 5.435265e9f, -9.8213606e11f, 8.759064e13f, -3.4662832e15f, 4.4273326e16f, -1.849508e16f };
    static const float q0[] = { 1041.2836f, 626107.3f, 2.6891965e8f, 8.6400246e10f, 2.029796e13f, 3.1715775e15f, 2.5059626e17f };
    static const float p1[] = { 1.2632047e9f, -6.473559e11f, 1.14509516e14f, -8.1277027e15f, 2.0243947e17f, -7.788772e17f };
    static const float q1[] = { 594.3016f, 235564.1f, 7.348119e7f, 1.8760133e10f, 3.8823128e12f, 6.2055775e14f, 6.871411e16f, 3.9727062e18f };
    const float two_over_pi = 0.636619772367581343076f, z = x * x;
    if (x == 0) return -INFINITY;
    if (x < 0) return NAN;
    if (!(x <= 5)) return tp__wave_f32(n, x, true);
    if (n == 0) return fmaf(two_over_pi * logf(x), tp__bessel_j_f32(0, x), tp__horner_f32(p0, 8, z) / tp__horner_f32(q0, 7, z));
    const float rest = fmaf(tp__bessel_j_f32(1, x), logf(x), -(1 / x));
    return fmaf(x, tp__horner_f32(p1, 6, z) / tp__horner_f32(q1, 8, z), two_over_pi * rest);
}

TP__ANYWHERE static inline float tp__spherical_j0_f32(float x)
{
    static const float c[] = { 1 / 6227020800.0f, -1 / 39916800.0f, 1 / 362880.0f, -1 / 5040.0f, 1 / 120.0f, -1 / 6.0f, 1 };
    if (isinf(x)) return 0;
    return fabsf(x) < 0.5f ? tp__horner_f32(c, 7, x * x) : sinf(x) / x;
}

/* ---- Airy's function ----------------------------------------------------------------------------------------------------------------- */

TP__ANYWHERE static inline float tp__airy_oscillating_f32(float x)
{
    static const float afn[] = { -0.13169633f, -0.62645656f, -0.69315803f, -0.27977997f, -0.049190015f, -0.004062659f, -0.00015927649f, -2.776491e-6f,
        -1.677877e-8f };
    static const float afd[] = { 13.356042f, 32.682503f, 26.736704f, 9.187074f, 1.4752915f, 0.11568718f, 0.0044029164f, 7.547203e-5f, 4.518501e-7f };
    static const float agn[] = { 0.019733993f, 0.39110303f, 1.065799f, 0.9391692f, 0.35146564f, 0.06338889f, 0.0058580413f, 0.0002828516f, 6.9879366e-6f,
        8.1178925e-8f, 3.415518e-10f };
    static const float agd[] = { 9.308929f, 19.835293f, 15.564663f, 5.4768605f, 0.9542936f, 0.08645808f, 0.004126565f, 0.00010125909f, 1.1716673e-6f,
        4.9183457e-9f };
    const float root = sqrtf(-x), turn = -2 * x * root / 3, w = 1 / turn, z = w * w, t = turn + 0.25f * 3.14159265358979323846f;
    const float f = 1 + z * tp__horner_f32(afn, 9, z) / tp__horner_f32(afd, 9, z), g = w * tp__horner_f32(agn, 11, z) / tp__horner_f32(agd, 10, z);
    return 0.564189583547756286948f / sqrtf(root) * fmaf(sinf(t), f, -(cosf(t) * g));
}
TP__ANYWHERE static inline float tp__airy_decaying_f32(float x)
{
    static const float an[] = { 0.3465381f, 12.007595f, 76.2796f, 168.08922f, 159.7564f, 70.53609f, 14.026469f, 1.0f };
    static const float ad[] = { 0.5675945f, 14.756256f, 84.5139f, 177.31808f, 164.2347f, 71.47784f, 14.095914f, 1.0f };
    const float root = sqrtf(x), zeta = 2 * x * root / 3, z = 1 / zeta;
    return 0.564189583547756286948f * (tp__horner_f32(an, 8, z) / tp__horner_f32(ad, 8, z)) / (2 * sqrtf(root) * expf(zeta));
}
/* Taylor's series of its two solutions, to the last bit */
TP__ANYWHERE static inline float tp__airy_series_f32(float x)
{
    const float z = x * x * x;
    float f = 1, g = x, m = 1, n = x, k = 1, t = 1;
    while (t > 1.1920929e-7f) {
        m = m * z / (k + 1);
        n = n * z / (k + 2);
        m /= k + 2;
        f += m;
        k += 3;
        n /= k;
        g += n;
        t = fabsf(m / f);
    }
    return fmaf(0.355028053887817239260f, f, -(0.258819403792806798405f * g));
}
TP__ANYWHERE static inline float tp__airy_ai_f32(float x)
{
    if (isinf(x)) return NAN;
    if (x > 103.892f) return 0;
    if (x < -2.09f) return tp__airy_oscillating_f32(x);
    return x >= 2.09f ? tp__airy_decaying_f32(x) : tp__airy_series_f32(x);
}

#endif
