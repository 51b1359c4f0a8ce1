namespace Dmkd.Core;

/// <summary>
/// First step of the path that a random stream is derived by: what the stream is for. Numbers are never changed and
/// never given again, or results would change. A new stream takes the next free number. The six that two streams share
/// are old; their paths differ in what follows.
/// </summary>
public static class SeedPurpose
{
#pragma warning disable CS1591 // the names say what the numbers are for

    // Data sets, and how they are shared out.
    public const int TrainSubset = 1;
    public const int TestSubset = 2;
    public const int SyntheticTrain = 3;
    public const int SyntheticTest = 4;
    public const int DirichletShares = 5;
    public const int DirichletOrder = 6;
    public const int PartitionTopUp = 7;
    public const int CalibrationImages = 8;
    public const int Holdout = 9;
    public const int ClassOrder = 10;

    // A run's data.
    public const int LegacyOwnersImages = 1;
    public const int NodeCalibration = 2;
    public const int NodeShares = 3;
    public const int Exemplars = 4;
    public const int MeasuredImages = 5;

    // A node's work.
    public const int LocalUpdate = 11;
    public const int Compression = 12;
    public const int OwnFirstWeights = 13;
    public const int Subspace = 14;

    // A run's legacy model.
    public const int LegacyTraining = 21;
    public const int LegacyPartition = 22;
    public const int LegacyDistillation = 23;
    public const int LegacyRandomWeights = 24;

    // A run.
    public const int NewHead = 31;
    public const int Holders = 32;
    public const int Participants = 33;
    public const int FirstWeights = 34;

    // A preservation, and gates.
    public const int PreservedRandomWeights = 41;
    public const int PreservedPartition = 42;
    public const int PreservedDistillation = 43;
    public const int Surrogate = 44;
    public const int PreservedCalibration = 45;
    public const int PairScorer = 41;

    // Baselines and experiments.
    public const int BaselineWeights = 51;
    public const int BaselineTraining = 52;
    public const int Memory = 53;
    public const int Fisher = 54;
    public const int GateNoise = 55;
    public const int OtherNetworks = 56;
    public const int NodeTraining = 57;
    public const int NodeStatistics = 58;
    public const int WarmUp = 59;
    public const int Modules = 60;
    public const int HeldOutImages = 61;
}
