namespace Dmkd.Grains.Preservation;

/// <summary>Progress of one part of the work: lanes report, the grain reads.</summary>
internal sealed class Track(string name)
{
    private double _share;

    public string Name { get; } = name;

    public double Share => Volatile.Read(ref _share);

    public void Report(double share) => Volatile.Write(ref _share, share);
}
