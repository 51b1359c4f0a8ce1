using System.Reflection;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Tests.Storage;

public sealed class PersistedStateTests
{
    private static readonly Dictionary<Type, string> Pinned = new()
    {
        [typeof(RunPhase)] =
            "Created=0 Preserve=1 Assign=2 Train=3 Merge=4 Specialize=5 Evaluate=6 Completed=7 Failed=8 Calibrate=9",
        [typeof(MergePhase)] = "Idle=0 Collecting=1 Merging=2 Closed=3 Failed=4 Projecting=5 Publishing=6 Rejected=7",
        [typeof(NodeMeasurement)] = "Entropy=0 Exemplars=1 Moments=2 Evaluation=3",
        [typeof(ModuleOrigin)] = "Random=0 Preserved=1 Spawned=2",
        [typeof(ModuleRole)] = "Expert=0 Gate=1",
        [typeof(PreservationStage)] = "Idle=0 Surrogate=1 Cut=2 Distil=3 Publish=4 Completed=5 Failed=6",
    };

    public static TheoryData<Type> States => PersistedStates.Classes;

    [Fact]
    public void StateNames_OfAllGrains_AreUnique() =>
        Assert.Empty(
            PersistedStates
                .All.GroupBy(entry => entry.Attribute.StateName)
                .Where(group => group.Count() > 1)
                .Select(group => group.Key)
        );

    [Fact]
    public void StateNames_OfAllGrains_AreTheConstantsOfStorageNames() =>
        Assert.Equal(
            typeof(StorageNames)
                .GetFields(BindingFlags.Public | BindingFlags.Static)
                .Where(field => field.Name != nameof(StorageNames.Provider))
                .Select(field => (string)field.GetRawConstantValue()!)
                .Order(),
            PersistedStates.All.Select(entry => entry.Attribute.StateName).Order()
        );

    [Fact]
    public void Provider_OfAllGrains_IsOurs() =>
        Assert.All(PersistedStates.All, entry => Assert.Equal(StorageNames.Provider, entry.Attribute.StorageName));

    [Theory]
    [MemberData(nameof(States))]
    public void EnumsOfState_AreStoredByPinnedNumbers(Type state) =>
        Assert.All(
            Structure.TypesWithin(state).Where(type => type.IsEnum),
            type =>
                Assert.Equal(
                    Pinned[type],
                    string.Join(
                        ' ',
                        Enum.GetValues(type).Cast<object>().Select(value => $"{value}={Convert.ToInt32(value, null)}")
                    )
                )
        );

    [Theory]
    [MemberData(nameof(States))]
    public void Serializer_EveryValueSet_RoundTrips(Type state) => RoundTrips(Structure.Fill(state));

    [Theory]
    [MemberData(nameof(States))]
    public void Serializer_NewState_RoundTrips(Type state) => RoundTrips(Activator.CreateInstance(state)!);

    [Fact]
    public void Serializer_FieldOfANewerProgram_IsIgnored()
    {
        var read = new JsonStateSerializer().Deserialize<RunEvent>(
            new BinaryData(
                """{"sequence":7,"at":"2030-01-01T00:00:00Z","node":"n","later":{"a":1},"kind":"NodeLeft"}"""
            )
        );
        Assert.Equal(
            new NodeLeft("n") { Sequence = 7, At = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero) },
            read
        );
    }

    private static void RoundTrips(object state)
    {
        var serializer = new JsonStateSerializer();
        object read = typeof(JsonStateSerializer)
            .GetMethod(nameof(JsonStateSerializer.Deserialize))!
            .MakeGenericMethod(state.GetType())
            .Invoke(serializer, [serializer.Serialize(state)])!;
        Assert.Equal(Structure.Describe(state), Structure.Describe(read));
    }
}
