namespace Dmkd.Core.Checkpoints;

/// <summary>How much a pickle may ask for. A state dict takes about 25 opcodes per tensor; these are far above any real one.</summary>
internal static class PickleLimits
{
    /// <summary>Most opcodes in one pickle.</summary>
    public const int Opcodes = 10_000_000;

    /// <summary>Most values on the stack.</summary>
    public const int StackDepth = 100_000;

    /// <summary>Most open marks.</summary>
    public const int Marks = 1_000;

    /// <summary>Most entries of the memo.</summary>
    public const int MemoEntries = 4_000_000;

    /// <summary>Longest text.</summary>
    public const int TextBytes = 1 << 20;

    /// <summary>Longest name of a global, per half.</summary>
    public const int GlobalNameBytes = 256;

    /// <summary>Longest integer.</summary>
    public const int IntegerBytes = 255;

    /// <summary>Most dimensions of a tensor.</summary>
    public const int Dimensions = 64;

    /// <summary>Most tensors of a state dict.</summary>
    public const int Tensors = 100_000;

    /// <summary>Longest pickle in an archive.</summary>
    public const int PickleBytes = 1 << 28;
}
