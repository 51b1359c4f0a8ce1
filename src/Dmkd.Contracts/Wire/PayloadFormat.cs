namespace Dmkd.Contracts.Wire;

/// <summary>How the values of a payload are stored, little-endian. Sent and stored: numbers are explicit and never renumbered.</summary>
[Alias("dmkd.PayloadFormat")]
public enum PayloadFormat
{
    /// <summary>IEEE 754 binary32, 4 bytes a value.</summary>
    Fp32 = 0,

    /// <summary>IEEE 754 binary16, 2 bytes a value.</summary>
    Fp16 = 1,
}
