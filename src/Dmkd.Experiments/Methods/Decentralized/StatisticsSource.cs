namespace Dmkd.Experiments.Methods.Decentralized;

/// <summary>Which images activations and batch-norm statistics are measured on in a merge.</summary>
public enum StatisticsSource
{
    /// <summary>Each node's own: no image leaves it.</summary>
    Local,

    /// <summary>Those of all nodes, as DIMAT's published code does it: every node must hold the whole training set.</summary>
    Global,
}
