// Two folders that name each other, so that the test for circles is seen to find one.
namespace Dmkd.Architecture.Tests.First
{
    internal sealed class Named
    {
        public static int Length(object second) => ((Second.Named)second).First is null ? 0 : 1;
    }
}

namespace Dmkd.Architecture.Tests.Second
{
    internal sealed class Named
    {
        public First.Named? First { get; init; }
    }
}
