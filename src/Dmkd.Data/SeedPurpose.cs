namespace Dmkd.Data;

/// <summary>First step of the paths given to <see cref="SeedSequence"/>. Numbers are never reused: results would change.</summary>
internal static class SeedPurpose
{
    public const long TrainSubset = 1;
    public const long TestSubset = 2;
    public const long SyntheticTrain = 3;
    public const long SyntheticTest = 4;
    public const long DirichletShares = 5;
    public const long DirichletOrder = 6;
    public const long PartitionTopUp = 7;
    public const long Calibration = 8;
}
