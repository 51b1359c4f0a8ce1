namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>First step of the paths that baselines give to <see cref="Dmkd.Data.SeedSequence"/>. Numbers are never reused: results would change.</summary>
internal static class SeedPurpose
{
    public const int InitialWeights = 51;
    public const int Training = 52;
    public const int Memory = 53;
    public const int Fisher = 54;
    public const int GateNoise = 55;
    public const int OtherNetworks = 56;
    public const int NodeTraining = 57;
    public const int Statistics = 58;
    public const int WarmUp = 59;
    public const int Modules = 60;
}
