using Dmkd.Client.Tests.Running;

[assembly: AssemblyFixture(typeof(FinishedRun))]

namespace Dmkd.Client.Tests.Running;

/// <summary>
/// Tests that start the program on the finished run's home, which serves one process at a time: they follow each other.
/// </summary>
[CollectionDefinition(Name)]
public sealed class SharedHome
{
    public const string Name = "shared home";
}
