namespace Dmkd.Core.Merging.Compression;

/// <summary>How values are stored: little-endian, row-major. Sent and stored: numbers are explicit and never renumbered.</summary>
public enum ValueFormat
{
    /// <summary>IEEE 754 binary32, 4 bytes a value: what a network's weights are, so nothing is lost.</summary>
    Fp32 = 0,

    /// <summary>IEEE 754 binary16, 2 bytes a value: 11 significant bits for magnitudes in [6.2e-5, 65504], fewer down to 6e-8.</summary>
    Fp16 = 1,
}
