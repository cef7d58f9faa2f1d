enum AgentTestsStub {}
